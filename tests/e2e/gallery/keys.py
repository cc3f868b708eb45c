"""A person without a mouse: keys alone, and focus that can be seen."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

MOST = 60  # presses of Tab to anything
NO_MOUSE = """
  for (const kind of ["mousedown", "pointerdown", "touchstart"]) {
    window.addEventListener(kind, () => sessionStorage.setItem("mouse", kind), true);
  }
"""
AROUND = 6  # pixels in which a ring of focus may be drawn


@dataclass(slots=True, kw_only=True)
class Keys:
    """Keys on a page; a click anywhere is remembered."""

    page: Page

    def watch(self) -> None:
        """Notice a mouse from now on."""
        self.page.add_init_script(NO_MOUSE)

    def mouse(self) -> str | None:
        """Return what a mouse did on this page's origin; None: nothing."""
        found: str | None = self.page.evaluate("sessionStorage.getItem('mouse')")
        return found

    def press(self, *keys: str) -> None:
        """Press keys, one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, wanted: Locator) -> None:
        """Press Tab until `wanted` has the focus, and see that it has."""
        expect(wanted).to_be_visible(timeout=20_000)
        for _ in range(MOST):
            if wanted.evaluate("each => each === document.activeElement"):
                break
            self.press("Tab")
        else:
            raise AssertionError(f"Tab does not lead to {wanted}")
        self.seen(wanted)

    def seen(self, focused: Locator) -> None:
        """Fail unless the focus shows: the element looks different without it."""
        expect(focused).to_be_focused()
        box = focused.bounding_box()
        assert box is not None
        clip = {
            "x": max(0, box["x"] - AROUND),
            "y": max(0, box["y"] - AROUND),
            "width": box["width"] + 2 * AROUND,
            "height": box["height"] + 2 * AROUND,
        }
        with_focus = self.page.screenshot(clip=clip, animations="disabled", caret="initial")  # type: ignore[arg-type]
        focused.evaluate("each => each.blur()")
        without = self.page.screenshot(clip=clip, animations="disabled", caret="initial")  # type: ignore[arg-type]
        focused.evaluate("each => each.focus({ focusVisible: true, preventScroll: true })")
        assert with_focus != without, f"nobody sees that {focused} has the focus"
