type Path = readonly (string | number)[]

/** Every value of a parsed file, what holds it first: always in the same order, so that lines of them can be a list. */
export function* placesOf(value: unknown, path: Path = []): Generator<Path> {
  yield path
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* placesOf(item, [...path, index])
  else for (const [key, item] of Object.entries(value)) yield* placesOf(item, [...path, key])
}

/** The line of a place of the file, or of what holds it. `lines`: of all its places, in their order. */
export function lineIn(file: unknown, lines: Uint32Array, path: Path): number {
  let found = 1
  let index = 0
  for (const place of placesOf(file)) {
    if (place.every((part, depth) => part === path[depth])) found = lines[index] ?? found
    index += 1
  }
  return found
}
