"""Small image files with known numbers."""

from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SERIES = "1.2.826.0.1.3680043.8.498.1"


def dataset(pixels: np.ndarray, **elements) -> Dataset:
    """A CT slice in the numbers of `pixels` (rows, columns) or (rows, columns, 3)."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = CTImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.SOPClassUID = CTImageStorage
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID
    made.Modality = "CT"
    made.SeriesInstanceUID = SERIES
    made.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    made.PhotometricInterpretation = "RGB" if pixels.ndim == 3 else "MONOCHROME2"
    if pixels.ndim == 3:
        made.PlanarConfiguration = 0
    made.Rows, made.Columns = pixels.shape[:2]
    bits = pixels.dtype.itemsize * 8
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(pixels.dtype.kind == "i")
    made.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    for name, value in elements.items():
        setattr(made, name, value)
    return made


def items(*rows: dict) -> list[Dataset]:
    """The items of a sequence."""
    found = []
    for row in rows:
        item = Dataset()
        for name, value in row.items():
            if name == "LUTData":
                item.add_new(name, "US", value)
            else:
                setattr(item, name, value)
        found.append(item)
    return found


def save(made: Dataset, path: Path) -> Path:
    pydicom.dcmwrite(path, made, enforce_file_format=True)
    return path


def dicom(path: Path, pixels: np.ndarray, **elements) -> Path:
    return save(dataset(pixels, **elements), path)


def series(folder: Path, positions, *, pixels=None, **elements) -> Path:
    """Slices at the positions (x, y, z in DICOM's axes), whose numbers are their place given."""
    folder.mkdir(exist_ok=True)
    for number, position in enumerate(positions):
        numbers = np.full((4, 5), number, np.int16) if pixels is None else pixels[number]
        dicom(
            folder / f"slice {number}.dcm",
            numbers,
            ImagePositionPatient=list(position),
            **{
                "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
                "PixelSpacing": [2.0, 0.5],
                "InstanceNumber": number + 1,
                **elements,
            },
        )
    return folder


def nifti(path: Path, numbers: np.ndarray, affine=None, **header) -> Path:
    image = nibabel.Nifti1Image(numbers, np.eye(4) if affine is None else affine)
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path
