import { createI18n } from 'vue-i18n'
import en from '../locales/en.json'
import fr from '../locales/fr.json'

export type Language = 'en' | 'fr'
export const languages: readonly Language[] = ['en', 'fr']

/** Which of a message's forms a number takes, by the language's own rules: "one | other". */
function form(language: Language): (count: number, forms: number) => number {
  const rules = new Intl.PluralRules(language)
  return (count, forms) => (forms > 1 && rules.select(Math.abs(count)) !== 'one' ? 1 : 0)
}

/** Stands in a French message for the end of a "de" before a name, which only the name decides: de Nadia, d’Amélie. Of no alphabet. */
const undecided = '\u{e000}'
/** Everything of which a message is made, with each "de" before a name left open. */
function leftOpen(messages: typeof fr): typeof fr
function leftOpen(messages: object | string): object | string
function leftOpen(messages: object | string): object | string {
  if (typeof messages === 'string') return messages.replace(/(?<!\p{L})(d)e (?=\{)/giu, `$1${undecided}`)
  if (Array.isArray(messages)) return messages.map((one: object | string) => leftOpen(one))
  return Object.fromEntries(Object.entries(messages).map(([key, value]: [string, object | string]) => [key, leftOpen(value)]))
}
/** Before a vowel "de" loses its own; a "y" is one before a consonant, and of an "h" nobody can tell. */
const vowel = /^(?:[aeiouœæ]|y(?![aeiou]))/iu
const decided = (text: string): string =>
  text.replace(new RegExp(`${undecided}(.{0,2})`, 'gsu'), (_, next: string) => `${vowel.test(next.normalize('NFD')) ? '’' : 'e '}${next}`)

/** The messages of both languages. Messages are interpreted, never compiled to functions. */
export function createWords(language: Language) {
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'en',
    messages: { en, fr: leftOpen(fr) },
    postTranslation: (said) => (typeof said === 'string' && said.includes(undecided) ? decided(said) : said),
    pluralRules: { en: form('en'), fr: form('fr') },
    missingWarn: false,
    fallbackWarn: false,
  })
}

export type Words = ReturnType<typeof createWords>

/** The first language of the system that there is, else English. */
export function systemLanguage(wanted: readonly string[] = navigator.languages): Language {
  for (const tag of wanted) {
    const found = languages.find((language) => tag.toLowerCase().split('-')[0] === language)
    if (found) return found
  }
  return 'en'
}
