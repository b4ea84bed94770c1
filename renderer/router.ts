import { createRouter, createWebHashHistory } from 'vue-router'
import Incidents from './screens/incidents/Incidents.vue'
import Overview from './screens/overview/Overview.vue'

/** Screens that are opened later, each a file of its own, so that the first list need not wait for them. */
const later = {
  wall: () => import('./screens/wall/Wall.vue'),
  handover: () => import('./screens/handover/HandOver.vue'),
  rooms: () => import('./screens/rooms/Rooms.vue'),
  room: () => import('./screens/room/RoomPage.vue'),
  suppressed: () => import('./screens/suppression/Suppressed.vue'),
  settings: () => import('./screens/settings/Settings.vue'),
  general: () => import('./screens/settings/General.vue'),
  signals: () => import('./screens/signals/Signals.vue'),
  notifications: () => import('./screens/notifications/Notifications.vue'),
  roles: () => import('./screens/roles/Roles.vue'),
  role: () => import('./screens/roles/RolePage.vue'),
  groups: () => import('./screens/groups/Groups.vue'),
  partners: () => import('./screens/partners/Partners.vue'),
  approvals: () => import('./screens/approvals/Approvals.vue'),
  audit: () => import('./screens/audit/Audit.vue'),
  sessions: () => import('./screens/sessions/Sessions.vue'),
  recording: () => import('./screens/sessions/Playback.vue'),
  tenants: () => import('./screens/tenants/Tenants.vue'),
  about: () => import('./screens/about/About.vue'),
  notFound: () => import('./screens/shell/NotFound.vue'),
}

/** Has them all here, so that none is missed when whoever serves the page is gone; one that cannot be had now is asked for when opened. */
export async function loadScreens(): Promise<void> {
  for (const load of [...Object.values(later), () => import('./screens/overview/FlowChart.vue')]) await load().catch(() => undefined)
}

/** Addresses of the screens, behind the hash, so that a page served from anywhere can hold them. */
export function createRoutes() {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: '/overview' },
      { path: '/overview', name: 'overview', component: Overview },
      { path: '/wall', name: 'wall', component: later.wall },
      { path: '/handover', name: 'handover', component: later.handover },
      { path: '/incidents/:incident?', name: 'incidents', component: Incidents },
      { path: '/rooms', name: 'rooms', component: later.rooms },
      { path: '/rooms/:room/:tab(status|incidents|history|remote)?', name: 'room', component: later.room },
      { path: '/suppressed', name: 'suppressed', component: later.suppressed },
      {
        path: '/settings',
        name: 'settings',
        component: later.settings,
        children: [
          { path: 'general', name: 'general', component: later.general },
          { path: 'signals', name: 'signals', component: later.signals },
          { path: 'notifications', name: 'notifications', component: later.notifications },
          { path: 'roles', name: 'roles', component: later.roles },
          {
            path: 'roles/:role/:tab(properties|permissions|assignments)?',
            name: 'role',
            component: later.role,
          },
          { path: 'groups', name: 'groups', component: later.groups },
          { path: 'partners', name: 'partners', component: later.partners },
          { path: 'approvals', name: 'approvals', component: later.approvals },
          { path: 'audit', name: 'audit', component: later.audit },
          { path: 'sessions', name: 'sessions', component: later.sessions },
          { path: 'sessions/:session', name: 'recording', component: later.recording },
        ],
      },
      { path: '/tenants', name: 'tenants', component: later.tenants },
      { path: '/about', name: 'about', component: later.about },
      { path: '/:unknown(.*)*', name: 'notFound', component: later.notFound },
    ],
  })
}
