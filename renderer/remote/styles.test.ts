import { afterEach, describe, expect, it } from 'vitest'
import { styleCellsByObject, withAdoptedStyles } from './styles.ts'
import { hex } from './terminal-theme.ts'

afterEach(() => {
  document.adoptedStyleSheets = []
})
const rules = (): string[] =>
  document.adoptedStyleSheets.flatMap((sheet) => [...sheet.cssRules].map((rule) => rule.cssText.replace(/\s+/gu, ' ')))

describe('styles that the content security policy takes', () => {
  it('are sheets in place of style elements, now and whenever their text changes, until they are removed', () => {
    const style = withAdoptedStyles(() => document.createElement('style'))
    document.body.append(style)
    expect(document.body.querySelector('style')).toBeNull()
    style.textContent = '.a { color: red; }'
    expect(rules().join()).toContain('.a')
    style.textContent = '.b { color: red; }'
    expect(rules().join()).toContain('.b')
    expect(rules().join()).not.toContain('.a')
    style.remove()
    expect([document.adoptedStyleSheets, document.body.children.length]).toEqual([[], 0])
  })

  it('leave every other element, and every later one, as it is', () => {
    expect(withAdoptedStyles(() => document.createElement('span')).tagName).toBe('SPAN')
    expect(() =>
      withAdoptedStyles(() => {
        throw new Error('not opened')
      }),
    ).toThrow('not opened')
    expect(document.createElement('style').tagName).toBe('STYLE')
  })
})

it('cells are coloured through the object model, where xterm keeps what colours them', () => {
  const factory: Record<string, unknown> = {}
  styleCellsByObject({ _core: { _renderService: { _renderer: { value: { _rowFactory: factory } } } } })
  const add = factory['_addStyle'] as (cell: HTMLElement, style: string) => void
  const cell = document.createElement('span')
  add(cell, 'color:#ff0000')
  add(cell, 'background-color:#0000ff')
  expect([cell.style.color, cell.style.backgroundColor]).toEqual(['#ff0000', '#0000ff'])
  expect(() => styleCellsByObject({})).not.toThrow()
})

it('colours become what xterm reads', () => {
  expect([hex('rgb(255, 0, 16)'), hex('rgba(1, 2, 3, 0.5)')]).toEqual(['#ff0010', '#010203'])
})
