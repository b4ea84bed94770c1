/**
 * The way to the first field that was given and that nothing read: a schema left it out of what it made. Whoever sent it
 * believes that it counts, so a request, a command or a file that has one is refused. What is *read* from a newer program
 * (answers, the feed, reports of devices) may have such fields: schemas drop them, and that stays so.
 */
export function unknownField(given: unknown, parsed: unknown): readonly (string | number)[] | undefined {
  if (typeof given !== 'object' || given === null || typeof parsed !== 'object' || parsed === null) return undefined
  const read = new Map(Object.entries(parsed))
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    if (!read.has(name)) return [name]
    const inner = unknownField(value, read.get(name))
    if (inner) return [Array.isArray(given) ? Number(name) : name, ...inner]
  }
  return undefined
}

export const unknownFieldSays = 'There is no such field.'
