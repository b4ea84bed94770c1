import { RoomkeeperError } from '../../contract/errors.ts'
import { changeSettings } from '../incidents/actions.ts'
import { checkPermitted, type CommandHandler } from './handler.ts'

/** Other settings from this moment on; what waits is dated anew (INC-3). */
export const settingsChange: CommandHandler<'settings.change'> = {
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ changes }, { tx, rooms }) {
    const before = await tx.get('settings', tx.tenant)
    if (!before) throw new RoomkeeperError('service.failed')
    const settings = { ...before, ...changes }
    tx.put('settings', settings)
    // What everyone's console must know, whoever may see the settings (ACC-8).
    const tenant = await tx.get('tenant', tx.tenant)
    if (tenant && settings.offlineLeaseDays !== undefined && settings.offlineLeaseDays !== tenant.offlineLeaseDays) tx.put('tenant', { ...tenant, offlineLeaseDays: settings.offlineLeaseDays })
    await tx.insert
      .settingsHistory({ validFrom: tx.at, body: JSON.stringify(settings) })
      .onConflict((conflict) => conflict.columns(['tenant', 'validFrom']).doUpdateSet({ body: JSON.stringify(settings) }))
      .execute()
    await changeSettings(rooms, tx, settings)
    return { category: 'Settings', objectName: 'Settings', operation: 'Update', detail: { ...changes } }
  },
}
