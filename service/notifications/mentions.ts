/** Whether a text says "@" and this name, as people type it: case and kinds of white space do not matter. */
export function mentions(text: string, name: string): boolean {
  const wanted = plain(name)
  if (wanted === '') return false
  const said = plain(text)
  for (let at = said.indexOf(`@${wanted}`); at >= 0; at = said.indexOf(`@${wanted}`, at + 1)) {
    const [before, after] = [said[at - 1] ?? ' ', said[at + wanted.length + 1] ?? ' ']
    if (!isOfWord(before) && !isOfWord(after)) return true
  }
  return false
}

const plain = (text: string): string => text.normalize('NFKC').toLowerCase().replace(/\s+/gu, ' ').trim()
const isOfWord = (char: string): boolean => /[\p{L}\p{N}\p{M}]/u.test(char)
