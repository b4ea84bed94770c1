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

/** The messages of both languages. Messages are interpreted, never compiled to functions. */
export function createWords(language: Language) {
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'en',
    messages: { en, fr },
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
