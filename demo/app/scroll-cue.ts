/** Says by `data-more` that a box goes on below its edge, and is a stop for the keyboard only while it scrolls. */
export function cueScrolling(box: HTMLElement, content: HTMLElement): void {
  const update = (): void => {
    const hidden = box.scrollHeight - box.clientHeight;
    // Scroll positions are fractions on some screens.
    box.toggleAttribute("data-more", hidden - box.scrollTop > 1);
    if (hidden > 0) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  box.addEventListener("scroll", update, { passive: true });
  const observer = new ResizeObserver(update);
  observer.observe(box);
  observer.observe(content);
}
