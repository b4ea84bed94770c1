import { consoleTables, documents, type Retention, serviceTables } from '../../contract/retention.ts'
import { made, table } from './table.ts'

const spanWords = (kept: Retention['kept']): string => {
  if ('days' in kept) return kept.after === undefined ? `${kept.days} days` : `${kept.days} days after ${kept.after}`
  if ('newest' in kept) return `the newest ${kept.newest}`
  return `as long as ${kept.asLongAs}`
}

const rowsOf = (tables: Readonly<Record<string, Retention>>): string[][] =>
  Object.entries(tables).map(([name, { what, kept, end }]) => [`\`${name}\``, what, spanWords(kept), end ?? ''])

/** What is kept, where, for how long, and what happens then. */
export function retentionPage(): string {
  const synced = Object.entries(documents).map(([kind, about]: [string, Retention & { console?: Retention['kept'] }]) => [
    `\`${kind}\``,
    about.what,
    spanWords(about.kept),
    about.console ? spanWords(about.console) : 'the same',
    about.end ?? '',
  ])
  return `# What is kept, and for how long
${made}

The service deletes what is over by itself, an hour later at the latest. Every table is named here: a test fails for one that is not.

## What is synced to consoles

A console's copy holds of it what its operator may see. Losing access removes it from open consoles at once and from others at their
next contact; the whole copy goes when the offline lease ends, and when the operator signs out.

${table(['kind', 'what', 'kept by the service', 'by a console', 'at the end'], synced)}

## Tables of the service

${table(['table', 'what', 'kept', 'at the end'], rowsOf(serviceTables))}

## Tables of a console

${table(['table', 'what', 'kept', 'at the end'], rowsOf(consoleTables))}
`
}
