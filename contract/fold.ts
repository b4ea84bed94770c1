/** Letters that people elsewhere write as others, and that no normal form takes apart; in lower case. */
const letters: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ħ: 'h',
  ŧ: 't',
  ŋ: 'n',
  ς: 'σ',
  ي: 'ی',
  ى: 'ی',
  ك: 'ک',
}

/**
 * Marks above and below letters, with which and without which people write the same word; marks that are letters of
 * their script, as the vowels of Hindi and Thai and the voice of か and が, stay.
 */
const european = '\\u0300-\\u036f\\u0483-\\u0487\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f'
const semitic = '\\u0591-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06dc'
const marks = new RegExp(`[${european}${semitic}]+`, 'gu')

/**
 * Text as it is compared: without case and accents, ß as ss, ı as i, full width as plain, and without what shows
 * nothing (joiners, soft hyphens). Two texts that a reader takes for the same word are the same.
 */
export function fold(text: string): string {
  if (!/[^ -~]/.test(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .replace(marks, '')
    .replace(/\p{Cf}+/gu, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replace(/[æœøłđðþħŧŋςيىك]/gu, (letter) => letters[letter] ?? letter)
    .normalize('NFC')
}
