import { mount } from '@vue/test-utils'
import { expect, it } from 'vitest'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { surroundings } from '../../fixtures/mounted.ts'
import Notices from './Notices.vue'

it('the licences of everything that is shipped are shown, with their texts', async () => {
  const list = mount(Notices, { global: surroundings().global, attachTo: document.body })
  await untilPasses(() => expect(list.find('[data-testid=notices]').exists()).toBe(true))
  const rows = list.findAll('li').map((row) => row.text())
  for (const part of ['vue', 'fastify', 'better-sqlite3-multiple-ciphers', 'electron'])
    expect(rows.some((row) => row.startsWith(part))).toBe(true)
  expect(rows.find((row) => row.startsWith('vue'))).toMatch(/MIT.*Permission is hereby granted/su)
})
