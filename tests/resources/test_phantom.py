"""The synthetic images are written by the script beside them, and are what the page says."""

import importlib.util

import numpy as np
import pytest

from resources import resource


@pytest.fixture(scope="module")
def phantom():
    path = resource("samples/phantom.py")
    specification = importlib.util.spec_from_file_location("phantom", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_that_the_script_gives_the_volume_that_comes_with_the_program(phantom):
    import nibabel

    kept = nibabel.load(resource("samples/phantom_ct.nii.gz"))
    random = np.random.default_rng(phantom.SEED)
    shapes = phantom.thorax(random)
    random.poisson(1.0, 1)  # the noise of the radiograph is drawn in between
    volume, affine = phantom.tomogram(shapes, random)
    assert volume.shape == kept.shape == (117, 85, 27)
    np.testing.assert_array_equal(affine, kept.affine)
    difference = np.asarray(kept.dataobj, np.float32) - volume
    assert abs(difference.mean()) < 2
    assert difference.std() < 60


def test_that_the_radiograph_is_a_dicom_file_without_a_patient():
    import pydicom

    stored = pydicom.dcmread(resource("samples/phantom_radiograph.dcm"))
    assert stored.pixel_array.shape == (448, 448)
    assert list(map(float, stored.PixelSpacing)) == [0.8, 0.8]
    assert (stored.PatientName, stored.PatientID, stored.PatientBirthDate) == ("", "", "")
    assert "Synthetic" in stored.SeriesDescription


def test_that_the_liver_lies_on_the_patient_s_right():
    """Where the dome of the liver reaches into the right lung, the left one is still air."""
    import nibabel

    volume = nibabel.as_closest_canonical(nibabel.load(resource("samples/phantom_ct.nii.gz")))
    values = np.asarray(volume.dataobj)[:, :, 3]
    assert volume.affine[0, 0] > 0  # rows of the array run from right to left
    middle = values.shape[0] // 2
    air = [int((side < -600)[:, 20:65].sum()) for side in (values[:middle], values[middle:])]
    assert air[0] < 0.8 * air[1]
