"""What a file may be called where others see it: nothing that names the patient."""

import re
from pathlib import Path
from typing import Any

_TELLING = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "OtherPatientIDs",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "IssuerOfPatientID",
    "AccessionNumber",
)
_LEAST_TELLING = 3
"""Characters from which on a part of a name tells something."""


def speakable(path: Path, dataset: Any) -> str:
    """The file's name where it does not tell the patient's, else modality and numbers."""
    return numbered(dataset) if tells_patient(path.name, dataset) else path.name


def tells_patient(name: str, dataset: Any) -> bool:
    """Whether a name holds a part of the patient's name, an identifier or the date of birth."""
    plain = _plain(name)
    return any(part in plain for part in _parts(dataset))


def numbered(dataset: Any) -> str:
    """As ``CT series 3, image 12``."""
    image = _digits(dataset, "InstanceNumber")
    return numbered_series(dataset) + (f", image {image}" if image else "")


def numbered_series(dataset: Any) -> str:
    """As ``CT series 3``."""
    return f"{_modality(dataset)} series {_digits(dataset, 'SeriesNumber')}".rstrip()


def _modality(dataset: Any) -> str:
    return re.sub(r"\W", "", str(dataset.get("Modality") or ""))[:16] or "DICOM"


def _digits(dataset: Any, keyword: str) -> str:
    return re.sub(r"\D", "", str(dataset.get(keyword) or ""))[:10]


def _parts(dataset: Any) -> set[str]:
    found = set()
    for keyword in _TELLING:
        value = str(dataset.get(keyword) or "")
        found.add(_plain(value))
        if "Name" in keyword:
            found.update(_plain(part) for part in re.split(r"[\^=\s,]+", value))
    return {part for part in found if len(part) >= _LEAST_TELLING}


def _plain(words: str) -> str:
    return re.sub(r"[\W_]+", "", words).casefold()
