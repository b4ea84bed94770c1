/**
 * What a document has become, told by what is other than in the one before: fields that are new or other, null for those that are gone,
 * and of objects their own difference (as in RFC 7396). So a document must hold no null itself.
 */
export type Difference = { readonly [field: string]: unknown }

type Fields = { readonly [field: string]: unknown }

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** From one document to another; `{}` where they are alike. Lists are told as a whole. */
export function differenceOf(before: object, after: object): Difference {
  const [former, now] = [fieldsOf(before), fieldsOf(after)]
  const difference = new Map<string, unknown>()
  for (const [field, value] of now) {
    const was = former.get(field)
    if (isFields(value) && isFields(was)) {
      const inside = differenceOf(was, value)
      if (Object.keys(inside).length > 0) difference.set(field, inside)
    } else if (value !== was && JSON.stringify(value) !== JSON.stringify(was)) difference.set(field, value)
  }
  for (const field of former.keys()) if (!now.has(field)) difference.set(field, null)
  return Object.fromEntries(difference)
}

/** As maps: a field may have any name. */
const fieldsOf = (document: object): Map<string, unknown> =>
  new Map(Object.entries(document).filter(([, value]: [string, unknown]) => value !== undefined))

/** The document that `differenceOf` was told of. */
export function withDifference(before: object, difference: Difference): object {
  const after = fieldsOf(before)
  for (const [field, value] of Object.entries(difference)) {
    const former = after.get(field)
    if (value === null) after.delete(field)
    else after.set(field, isFields(value) ? withDifference(isFields(former) ? former : {}, value) : value)
  }
  return Object.fromEntries(after)
}
