/** Runs in the page: scrolls by a wheel's steps and by leaps, and counts the frames in which some of the area has no row. */
export const SCROLL = `(async () => {
  const scroller = document.querySelector('.scroller');
  scroller.scrollIntoView({ block: 'end' });
  let blank = 0;
  for (let frame = 0; frame < 120; frame++) {
    scroller.scrollTop += frame % 40 === 39 ? 200000 : 700;
    await new Promise(requestAnimationFrame);
    const { left, top, height } = scroller.getBoundingClientRect();
    const seen = [0.2, 0.5, 0.9].map((share) => document.elementFromPoint(left + 40, top + height * share));
    if (!seen.every((one) => one?.closest('tr[aria-rowindex]'))) blank += 1;
  }
  return blank;
})()`;
