"""Which part of a picture is looked at, and where its points lie on the screen."""

from dataclasses import dataclass, replace

SMALLEST_ZOOM, LARGEST_ZOOM = 0.5, 64.0


@dataclass(frozen=True, slots=True)
class Camera:
    """A zoom and the point in the middle, the same for pictures of any size.

    Parameters
    ----------
    zoom
        1 shows the whole picture.
    x, y
        The point in the middle, as a share of the picture's width and height.
    """

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """Room on the screen for a picture, both with the aspect they have.

    Parameters
    ----------
    width, height
        Of the room, in pixels of the screen.
    wide, high
        Of the picture, in mm or whatever its unit is, above 0.
    """

    width: float
    height: float
    wide: float
    high: float

    def scale(self, camera: Camera) -> float:
        """Pixels of the screen for one unit of the picture."""
        return max(min(self.width / self.wide, self.height / self.high), 1e-9) * camera.zoom

    def to_screen(self, camera: Camera, x: float, y: float) -> tuple[float, float]:
        """From units of the picture, measured from its top left corner, to the screen."""
        scale = self.scale(camera)
        return (
            self.width / 2 + (x - camera.x * self.wide) * scale,
            self.height / 2 + (y - camera.y * self.high) * scale,
        )

    def to_picture(self, camera: Camera, x: float, y: float) -> tuple[float, float]:
        """From the screen to units of the picture."""
        scale = self.scale(camera)
        return (
            camera.x * self.wide + (x - self.width / 2) / scale,
            camera.y * self.high + (y - self.height / 2) / scale,
        )

    def zoomed(self, camera: Camera, by: float, x: float, y: float) -> Camera:
        """A camera that zooms by a factor while a point of the screen stays where it is."""
        zoom = min(max(camera.zoom * by, SMALLEST_ZOOM), LARGEST_ZOOM)
        still_x, still_y = self.to_picture(camera, x, y)
        moved_x, moved_y = self.to_picture(replace(camera, zoom=zoom), x, y)
        return _held(
            Camera(
                zoom,
                camera.x + (still_x - moved_x) / self.wide,
                camera.y + (still_y - moved_y) / self.high,
            )
        )

    def panned(self, camera: Camera, right: float, down: float) -> Camera:
        """A camera under which the picture lies so many pixels of the screen further on."""
        scale = self.scale(camera)
        return _held(
            replace(
                camera,
                x=camera.x - right / (scale * self.wide),
                y=camera.y - down / (scale * self.high),
            )
        )


def _held(camera: Camera) -> Camera:
    """The middle never leaves the picture, so that it cannot be lost."""
    return replace(camera, x=min(max(camera.x, 0.0), 1.0), y=min(max(camera.y, 0.0), 1.0))
