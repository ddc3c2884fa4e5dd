const GAP = 8;

/**
 * Places a popover below its button. If there is room only above the button, places the popover above. The popover stays inside
 * the window.
 */
export function placeBelow(popover: HTMLElement, button: HTMLElement): void {
  const view = button.ownerDocument.defaultView;
  if (!view) return;
  const { clientWidth, clientHeight } = button.ownerDocument.documentElement;
  const { left, right, top, bottom } = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = popover;
  const isRtl = view.getComputedStyle(button).direction === "rtl";
  const x = isRtl ? left : right - offsetWidth;
  const isBelow = bottom + GAP + offsetHeight <= clientHeight || top < offsetHeight + GAP;
  const y = isBelow ? bottom + GAP : top - GAP - offsetHeight;
  // A Content Security Policy can forbid `style` attributes in HTML, but not these assignments.
  popover.style.left = `${Math.max(GAP, Math.min(x, clientWidth - GAP - offsetWidth))}px`;
  popover.style.top = `${y}px`;
}
