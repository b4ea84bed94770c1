const storageKey = 'roomkeeper.ticks'
/** Ticked runbooks that are remembered; the oldest go first. */
const remembered = 200

function all(): [string, number[]][] {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]')
    if (!Array.isArray(read)) return []
    return read.filter((one): one is [string, number[]] => Array.isArray(one) && typeof one[0] === 'string' && Array.isArray(one[1]))
  } catch {
    return []
  }
}

/** The ticked steps of one opening of an incident. */
export function readTicks(key: string): number[] {
  return all().find(([known]) => known === key)?.[1] ?? []
}

/** Remembers them on this machine. Where nothing can be stored they last as long as the page. */
export function writeTicks(key: string, steps: readonly number[]): void {
  const rest = all().filter(([known]) => known !== key)
  try {
    localStorage.setItem(storageKey, JSON.stringify([...rest, [key, steps]].slice(-remembered)))
  } catch {
    return
  }
}
