/** What the keys of a grid need to know of it. */
export interface GridWays {
  /** Moves the cursor by this many rows, at most to the ends. */
  move(by: number): void
  rowsInView(): number
  total(): number
}

/**
 * Keys inside a grid (the ARIA grid pattern), beside those for one row up and down: a screenful, either end, and left and
 * right between a row and what can be pressed in it. What is in a row is no stop of Tab, so that a list of any length is one.
 */
export function onGridKey(event: KeyboardEvent, { move, rowsInView, total }: GridWays): void {
  const { target, key } = event
  if (!(target instanceof HTMLElement) || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  const row = target.closest<HTMLElement>('[role="row"][tabindex]')
  if (!row) return
  const by = { PageDown: rowsInView(), PageUp: -rowsInView(), Home: -total(), End: total() }[key]
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key]
  if (by !== undefined) move(by)
  else if (step !== undefined) {
    const stops = [row, ...row.querySelectorAll<HTMLElement>('a[href], button:not(:disabled)')]
    stops[stops.indexOf(target) + step]?.focus()
  } else return
  event.preventDefault()
}
