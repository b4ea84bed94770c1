import { fault, people } from './product.ts'
import { expect, signIn, test } from './test.ts'

test('[CON-4] triage by keyboard: move, mark, acknowledge, comment; the cursor stays where it is', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const rooms = await (await stack.api()).rooms()
  const faulty = rooms.slice(0, 4)
  for (const room of faulty) await fault(data, room.name, 'peripherals.camera', 'unhealthy')
  const page = await signIn(tab, screen, people.manager)
  const rows = page.getByTestId('incident-row')
  await expect(rows).toHaveCount(faulty.length)

  await page.keyboard.press('j')
  await page.keyboard.press('j')
  await page.keyboard.press('Enter')
  const pane = page.getByTestId('incident-pane')
  const number = await rows.nth(1).getAttribute('data-incident-number')
  await expect(pane).toHaveAttribute('data-incident-number', number ?? '')

  // A new incident does not move what is under the cursor.
  const late = rooms[5]
  if (!late) throw new Error('too few rooms')
  await fault(data, late.name, 'audio.speaker', 'unhealthy')
  await expect(page.getByTestId('new-pill')).toBeVisible()
  await expect(rows.nth(1)).toHaveAttribute('data-incident-number', number ?? '')

  await page.keyboard.press('c')
  await page.keyboard.type('jk: not a shortcut while one writes')
  await page.keyboard.press('Control+Enter')
  await expect(pane.getByTestId('entry').filter({ hasText: 'jk: not a shortcut' })).toHaveCount(1)

  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.keyboard.press('n')
  await expect(rows).toHaveCount(faulty.length + 1)

  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(page.getByTestId('bulk-bar')).toBeVisible()
  await page.keyboard.press('a')
  await expect(page.getByTestId('bulk-note')).toBeFocused()
  await page.keyboard.type('storm')
  await page.keyboard.press('Enter')
  await expect(page.locator('[data-testid="incident-row"][data-acknowledged="true"]')).toHaveCount(2)
  await page.getByTestId('undo').click()
  await expect(page.locator('[data-testid="incident-row"][data-acknowledged="true"]')).toHaveCount(0)

  // A colleague gets one, in six keys, however fast they are pressed.
  await page.keyboard.press('Escape')
  const colleague =
    { Lyon: 'Clara', Montréal: 'David', London: 'Farid' }[(await rows.first().innerText()).match(/Lyon|Montréal|London/)?.[0] ?? ''] ?? ''
  expect(colleague).not.toBe('')
  for (const key of ['j', 'o', ...colleague.slice(0, 3).toLowerCase(), 'Enter']) await page.keyboard.press(key)
  await expect(rows.getByRole('img', { name: colleague })).toHaveCount(1)
})
