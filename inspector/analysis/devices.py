"""Where is computed: on the processor, or on a graphics processor that torch knows."""

from inspector.core.errors import BadRequest, DeviceUnavailable

DEVICES = ("auto", "cpu", "cuda", "mps")


def available_devices() -> tuple[str, ...]:
    """The devices of this machine, ``cpu`` first; imports torch."""
    return ("cpu", *(name for name in ("cuda", "mps") if _is_there(name)))


def resolve_device(name: str) -> str:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into the device that is used.

    ``auto`` is the graphics processor if there is one. torch is not imported for ``cpu``.

    Raises
    ------
    DeviceUnavailable
        When the device is not there.
    BadRequest
        When there is no device of such a name.
    """
    if name == "cpu":
        return name
    if name == "auto":
        return available_devices()[-1]
    if name not in DEVICES:
        raise BadRequest(
            f"“{name}” is not a device.", advice=f"Choose one of {', '.join(DEVICES)}."
        )
    if not _is_there(name):
        raise DeviceUnavailable(
            f"This computer has no {name.upper()} device that torch can use.",
            advice="Choose “auto” or “cpu”; the numbers are the same.",
        )
    return name


def describe_device(name: str, precision: str = "") -> str:
    """Name a resolved device, and the type it computes in, for the status line and records.

    `precision` says what has which type; comparisons are float64, but on MPS, which has none.
    """
    if name == "cuda":
        import torch

        return f"CUDA ({torch.cuda.get_device_name()}), {precision or 'float64'}"
    if name == "mps":
        return f"MPS (Apple), {precision or 'float32'}"
    return f"CPU, {precision or 'float64'}"


def _is_there(name: str) -> bool:
    import torch

    if name == "cuda":
        return torch.cuda.is_available()
    return torch.backends.mps.is_available()
