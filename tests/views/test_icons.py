from PySide6.QtGui import QColor, QIcon, QPalette

from inspector.views.icons import IconButton, application_icon, icon, pixmap


def inks(name: str, colour: str) -> set[str]:
    image = pixmap(name, QColor(colour), ratio=2.0).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return {p.name() for p in pixels if p.alpha() == 255}


def test_that_every_action_icon_is_drawn_in_the_colour_asked_for(qapp, repository):
    names = {p.stem for p in (repository / "resources" / "icons").glob("*.svg")}
    assert "close" in names
    for name in names - {"vit-inspector"}:
        assert inks(name, "#c04020") == {"#c04020"}, name


def test_that_a_pixmap_has_the_pixels_of_its_screen(qapp):
    drawn = pixmap("close", QColor("black"), side=16, ratio=2.0)
    assert (drawn.width(), drawn.height(), drawn.devicePixelRatio()) == (32, 32, 2.0)


def test_that_a_disabled_icon_has_the_disabled_colour(qapp):
    palette = QPalette()
    palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, QColor("#ff0000"))
    image = icon("close", palette).pixmap(16, QIcon.Mode.Disabled).toImage()
    strong = [
        image.pixelColor(x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() > 200
    ]
    assert strong
    assert all(p.red() > 200 and p.green() < 60 for p in strong)


def test_that_the_program_has_an_icon_at_every_usual_size(qapp):
    sizes = {s.width() for s in application_icon().availableSizes()}
    assert {16, 32, 48, 256} <= sizes


def test_that_an_icon_button_is_named_for_those_who_do_not_see_it(qtbot):
    button = IconButton("close", "Close epoch_6.pth")
    qtbot.addWidget(button)
    assert button.accessibleName() == "Close epoch_6.pth"
    assert button.toolTip() == "Close epoch_6.pth"


def test_that_an_icon_button_follows_a_change_of_palette(qtbot):
    button = IconButton("close", "Close")
    qtbot.addWidget(button)
    before = button.icon().cacheKey()
    palette = button.palette()
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#00aa00"))
    button.setPalette(palette)
    assert button.icon().cacheKey() != before
