import { describe, expect, it } from 'vitest'
import { auditCategories, otherActions, ownThings } from '../../contract/audit.ts'
import { changeKindOf, commandNeeds, type CommandType, commandTypes } from '../../contract/commands.ts'
import { ChangeKind, EntryKind, Lifecycle } from '../../contract/entities.ts'
import { ErrorCode } from '../../contract/errors.ts'
import { builtInRoles, Permission } from '../../contract/permissions.ts'
import { SignalCategory, SignalId, SignalValue } from '../../contract/signals.ts'
import { TransitionKind } from '../../contract/transitions.ts'
import { IncidentChip } from '../../contract/views.ts'
import en from '../locales/en.json'
import fr from '../locales/fr.json'
import { actionKey, features, featureKey } from './access.ts'
import { createWords } from './i18n.ts'
import { marks } from './state.ts'

type Messages = { [key: string]: string | string[] | Messages }

function flat(messages: Messages, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(messages)) {
    const path = `${prefix}${key}`
    if (typeof value === 'string') found.set(path, value)
    else if (Array.isArray(value)) value.forEach((one, at) => found.set(`${path}.${at}`, one))
    else for (const entry of flat(value, `${path}.`)) found.set(...entry)
  }
  return found
}
const english = flat(en)
const french = flat(fr)
const named = (text: string): string[] => [...new Set(text.match(/\{\w+\}/gu) ?? [])].sort()

describe('the two languages', () => {
  it('have the same messages', () => {
    expect([...french.keys()].sort()).toEqual([...english.keys()].sort())
  })

  it('name the same things in each message, with as many plural forms', () => {
    for (const [key, text] of english) {
      const other = french.get(key) ?? ''
      expect([key, named(other)]).toEqual([key, named(text)])
      expect([key, other.split(' | ').length]).toEqual([key, text.split(' | ').length])
    }
  })

  it('leave nothing empty', () => {
    for (const [key, text] of [...english, ...french]) expect([key, text.trim() !== '']).toEqual([key, true])
  })

  it('name nothing that is done as what leaves everything as it is', () => {
    for (const [of, word] of [
      [english, /^Cancel\b/u],
      [french, /^Annuler\b/u],
    ] as const) {
      expect([...of].filter(([key, text]) => word.test(text) && key !== 'action.cancel').map(([key]) => key)).toEqual([])
    }
  })

  it.each([
    'poste',
    'machine',
    'désinscrite?s?',
    'gestionnaires? Pro',
    'locataires?',
    'politique',
    'lecture seule',
    'vue seule',
    'en ordre',
    'au travers',
    'à la main',
    'enfoncer',
    'ne s’annule pas',
    'dernier accord',
    'annuler (son|l’) ?inscription',
  ])('say in French what people say, and not “%s”', (word) => {
    const found = new RegExp(`(?<!\\p{L})${word}(?!\\p{L})`, 'iu')
    expect([...french].filter(([, text]) => found.test(text)).map(([key]) => key)).toEqual([])
  })

  it('put the spaces of French in front of its punctuation', () => {
    for (const [key, text] of french) expect([key, / [:;?!»]/u.test(text)]).toEqual([key, false])
  })
})

describe('every value of the contract has its words', () => {
  const wanted = [
    ...ErrorCode.options.map((code) => `error.${code}`),
    ...SignalId.options.flatMap((id) => [`signal.${id}`, `signalInside.${id}`, `advice.${id}.text`, `advice.${id}.steps.0`]),
    ...SignalValue.options.map((value) => `value.${value}`),
    ...SignalCategory.options.map((category) => `category.${category}`),
    ...IncidentChip.options.flatMap((chip) => [`chip.${chip}`, `incidents.empty.${chip}`, `incidents.emptyText.${chip}`]),
    ...EntryKind.options.map((kind) => `entry.${kind}`),
    ...TransitionKind.options.map((kind) => `event.${kind}`),
    ...Lifecycle.options.flatMap((state) => [`lifecycle.${state}`, `lifecycle.${state}Text`]),
    ...commandTypes.map((type) => `command.${type}`),
    ...auditCategories.map((category) => `audit.categories.${category}`),
    ...otherActions.map((action) => `audit.actions.${action}`),
    ...ownThings.map((action) => `audit.things.${action}`),
    ...Permission.options.map(actionKey),
    ...features.map(({ name }) => featureKey(name)),
    ...marks.map((mark) => `state.${mark}`),
  ]
  it.each(wanted)('%s', (key) => {
    expect(english.has(key)).toBe(true)
  })

  it('has no words for errors that do not exist', () => {
    const known = new Set<string>(ErrorCode.options)
    const words = [...english.keys()].filter((key) => key.startsWith('error.')).map((key) => key.slice('error.'.length))
    expect(words.filter((code) => !known.has(code))).toEqual([])
  })
})

describe('the screens', () => {
  const sources = import.meta.glob<string>(['../**/*.vue', '../**/*.ts', '!../**/*.test.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  })

  it('ask only for messages that exist', () => {
    const missing: string[] = []
    for (const [file, text] of Object.entries(sources)) {
      for (const [, key] of text.matchAll(/\bt\(\s*'([\w.-]+)'/gu)) {
        if (key !== undefined && !english.has(key)) missing.push(`${file}: ${key}`)
      }
    }
    expect(Object.keys(sources).length).toBeGreaterThan(50)
    expect(missing).toEqual([])
  })

  it('draw text as text', () => {
    for (const [file, text] of Object.entries(sources)) expect([file, /v-html|innerHTML/u.test(text)]).toEqual([file, false])
  })
})

describe('what is promised is there', () => {
  /** Whether some command of this kind needs no more than what a partner can hold. */
  const canDo = (kind: ChangeKind): boolean =>
    commandTypes.some(
      (type) => changeKindOf[type] === kind && builtInRoles.primaryAdmin.permissions.some((held) => held === permissionOf(type)),
    )
  const permissionOf = (type: CommandType) => {
    const needs = commandNeeds[type]
    return typeof needs === 'string' ? needs : needs.permission
  }

  it.each(ChangeKind.options)('of a partner’s changes: %s', (kind) => {
    const key = `partners.kind.${kind}Text`
    expect([english, french].map((texts) => /^(Nothing yet|Rien pour l’instant)\b/u.test(texts.get(key) ?? ''))).toEqual([
      !canDo(kind),
      !canDo(kind),
    ])
  })

  it('of e-mail: that it is sent where the service can', () => {
    expect(english.get('assignments.notifyText')).toContain('where this service sends e-mail')
    expect(french.get('assignments.notifyText')).toContain('si ce service envoie des e-mails')
  })
})

describe('“de” before a name, in French', () => {
  it.each([
    ['Amélie Laurent', 'Copie d’Amélie Laurent'],
    ['Émile', 'Copie d’Émile'],
    ['œuvre', 'Copie d’œuvre'],
    ['Yves', 'Copie d’Yves'],
    ['Yann', 'Copie de Yann'],
    ['Nadia', 'Copie de Nadia'],
    ['会議室', 'Copie de 会議室'],
    ['Salle de Adatum', 'Copie de Salle de Adatum'],
    ['', 'Copie de '],
  ])('%s: %s', (name, said) => {
    expect(createWords('fr').global.t('roles.copyOf', { name })).toBe(said)
  })

  it('is so in each form of a plural', () => {
    const { t } = createWords('fr').global
    expect(t('tenants.review.who', { admins: 'Luca', n: 2, name: 'Adatum' }, 2)).toBe('Luca\u00a0: gestion de 2 salles d’Adatum.')
  })
})

describe('plural forms', () => {
  it.each([
    ['en', 0, '0 rooms'],
    ['en', 1, '1 room'],
    ['en', 2, '2 rooms'],
    ['fr', 0, '0 salle'],
    ['fr', 1, '1 salle'],
    ['fr', 2, '2 salles'],
    ['fr', 1_000_000, '1000000 salles'],
  ] as const)('%s %i: %s', (language, count, text) => {
    const words = createWords(language)
    expect(words.global.t('rooms.shown', { n: count }, count)).toBe(text)
  })
})
