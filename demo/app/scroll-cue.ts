/** Sets `data-more` while a box has content below its edge. Only a box that scrolls is focusable by keyboard. */
export function cueScrolling(box: HTMLElement, content: HTMLElement): void {
  const update = (): void => {
    const hidden = box.scrollHeight - box.clientHeight;
    // More than 1, because scroll positions are fractions on some screens.
    box.toggleAttribute("data-more", hidden - box.scrollTop > 1);
    if (hidden > 0) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  box.addEventListener("scroll", update, { passive: true });
  const observer = new ResizeObserver(update);
  observer.observe(box);
  observer.observe(content);
}
