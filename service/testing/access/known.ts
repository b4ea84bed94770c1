import type { DirectoryFacts } from './facts.ts'

/** What the service may know of a directory that has changed since it was read. */

/** A directory as it may be known: each of its parts as it was last read, or as it is. */
export function mixed(known: DirectoryFacts, now: DirectoryFacts): DirectoryFacts[] {
  if (JSON.stringify(known) === JSON.stringify(now)) return [known]
  const parts = Object.keys(known.groups).reduce<DirectoryFacts['groups'][]>(
    (some, group) => some.flatMap((groups) => [known, now].map((one) => ({ ...groups, [group]: one.groups[group] ?? [] }))),
    [{}],
  )
  return [known, now].flatMap(({ people: there }) => parts.map((groups) => ({ people: there, groups })))
}

/** What is known once this person's token has said in which groups they are. */
export function withPerson(known: DirectoryFacts, now: DirectoryFacts, id: string): DirectoryFacts {
  const groups = Object.fromEntries(
    Object.entries(known.groups).map(([group, ids]) => {
      const others = ids.filter((one) => one !== id)
      return [group, now.groups[group]?.includes(id) ? [...others, id] : others]
    }),
  )
  return { people: known.people.includes(id) ? known.people : [...known.people, id], groups }
}
