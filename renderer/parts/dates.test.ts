import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { untilPasses } from '../../contract/testing/wait.ts'
import { surroundings } from '../fixtures/mounted.ts'
import { dayOf, dayText } from '../words/days.ts'
import DateField from './DateField.vue'

describe('[CON-4] a day', () => {
  it.each([
    ['21/11/2026', '2026-11-21'],
    ['1.3.2026', '2026-03-01'],
    [' 01-03-2026 ', '2026-03-01'],
    ['2026-11-21', '2026-11-21'],
    ['29/02/2028', '2028-02-29'],
  ])('typed as %j is %s', (typed, kept) => {
    expect(dayOf(typed)).toBe(kept)
  })
  it.each(['', '21/11', '11/21/2026', '31/04/2026', '29/02/2026', '00/01/2026', 'tomorrow', '21/11/26'])('is not %j', (typed) => {
    expect(dayOf(typed)).toBeNull()
  })
  it('is read with the day first in both languages', () => {
    expect([dayText('2026-11-02', 'en'), dayText('2026-11-02', 'fr'), dayText('', 'fr')]).toEqual(['02/11/2026', '02/11/2026', ''])
  })

  it('is typed, says what it does not understand, and is put right by what is set', async () => {
    const { global } = surroundings({}, 'fr')
    const field = mount(DateField, {
      props: { modelValue: '2026-11-02', 'onUpdate:modelValue': (day: string) => void field.setProps({ modelValue: day }), label: 'Du' },
      global,
      attachTo: document.body,
    })
    const input = field.find('input')
    expect([input.element.value, input.attributes('placeholder')]).toEqual(['02/11/2026', 'jj/mm/aaaa'])
    await input.setValue('11/21/2026')
    expect([field.props('modelValue'), input.attributes('aria-invalid')]).toEqual(['11/21/2026', 'true'])
    expect(document.getElementById(input.attributes('aria-describedby') ?? '')?.textContent).toContain('jj/mm/aaaa')
    await input.setValue('1/3/2026')
    expect([field.props('modelValue'), input.element.value, input.attributes('aria-invalid')]).toEqual(['2026-03-01', '1/3/2026', 'false'])
    await input.setValue('31/0')
    expect([field.props('modelValue'), input.attributes('aria-invalid')]).toEqual(['31/0', 'false'])
    await input.trigger('blur')
    expect(input.attributes('aria-invalid')).toBe('true')
    await field.setProps({ modelValue: '' })
    expect([input.element.value, input.attributes('aria-invalid')]).toEqual(['', 'false'])
  })

  it('is chosen in a calendar of the person’s language that begins with Monday', async () => {
    const { global } = surroundings({}, 'fr')
    const field = mount(DateField, {
      props: { modelValue: '2026-11-02', 'onUpdate:modelValue': (day: string) => void field.setProps({ modelValue: day }), label: 'Du' },
      global,
      attachTo: document.body,
    })
    await field.find('button').trigger('click')
    const calendar = await untilPasses(() => document.querySelector<HTMLElement>('.calendar') ?? expect.fail('no calendar'))
    expect(calendar.textContent.toLowerCase()).toContain('novembre 2026')
    const weekdays = [...calendar.querySelectorAll('.weekday')].map((one) => one.textContent.toLowerCase())
    expect([weekdays[0], new Set(weekdays).size]).toEqual([expect.stringContaining('lun'), 7])
    const days = [...calendar.querySelectorAll<HTMLElement>('.day:not([data-outside-view])')]
    days[20]?.click()
    await untilPasses(() => expect(field.props('modelValue')).toBe('2026-11-21'))
    expect(field.find('input').element.value).toBe('21/11/2026')
  })
})
