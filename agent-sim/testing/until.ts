/** Waits until a condition holds, looking often; fails with the description after `ms`. */
export async function until(description: string, holds: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  const deadline = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms in vain: ${description}`)
    await new Promise((done) => setTimeout(done, 10))
  }
}
