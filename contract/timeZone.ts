/** Names found good; there are some six hundred in the world, and asking for one is slow. */
const timeZones = new Set<string>()

/** Whether it is the name of an IANA time zone. */
export function isTimeZone(name: string): boolean {
  if (name === '') return false
  if (timeZones.has(name)) return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
  } catch {
    return false
  }
  if (timeZones.size < 1_000) timeZones.add(name)
  return true
}
