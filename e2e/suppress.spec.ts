import { fault, people } from './product.ts'
import { expect, picture, signIn, test } from './test.ts'

test.use({ stackOptions: { rooms: 12 } })

test('[ROM-3] a suppressed room opens nothing, and what is bad at the end does', async ({ page: tab, stack, data }) => {
  const screen = await stack.start()
  const rooms = await (await stack.api()).rooms()
  const room = rooms[2]
  const name = room?.name ?? ''
  const page = await signIn(tab, screen, people.manager)
  await page.goto(`${page.url().split('#')[0] ?? ''}#/rooms/${room?.id ?? ''}`)
  await page.getByTestId('suppress-room').click()
  await page.getByTestId('suppress-reason').fill('Painters until Thursday')
  await page.getByTestId('suppress-confirm').click()
  await expect(page.getByTestId('room-suppression')).toContainText('Painters until Thursday')
  await expect(page.getByTestId('room-page')).toHaveAttribute('data-state', 'suppressed')
  await fault(data, name, 'peripherals.camera', 'unhealthy', 'Logitech Rally Bar not found')
  await expect(page.locator('[data-signal="peripherals.camera"]')).toHaveAttribute('data-value', 'unhealthy')
  await picture(page, 'suppressed-room')
  await page.getByTestId('rail-suppressed').click()
  await expect(page.getByTestId('hid')).toContainText('1')
  await page.getByTestId('hid').click()
  await expect(page.getByTestId('hidden-faults')).toContainText(name)
  await picture(page, 'suppressed-list')
  await page.getByTestId('end').click()
  await expect(page.getByTestId('suppressed-ended')).toContainText('Painters until Thursday')
  await page.getByTestId('rail-incidents').click()
  await expect(page.getByText(name).first()).toBeVisible()
})
