import { createRouter, createWebHashHistory } from 'vue-router'
import About from './screens/about/About.vue'
import Approvals from './screens/approvals/Approvals.vue'
import Audit from './screens/audit/Audit.vue'
import Groups from './screens/groups/Groups.vue'
import Incidents from './screens/incidents/Incidents.vue'
import Partners from './screens/partners/Partners.vue'
import RolePage from './screens/roles/RolePage.vue'
import Roles from './screens/roles/Roles.vue'
import RoomPage from './screens/room/RoomPage.vue'
import Rooms from './screens/rooms/Rooms.vue'
import Playback from './screens/sessions/Playback.vue'
import Sessions from './screens/sessions/Sessions.vue'
import General from './screens/settings/General.vue'
import Settings from './screens/settings/Settings.vue'
import NotFound from './screens/shell/NotFound.vue'
import Tenants from './screens/tenants/Tenants.vue'

/** Addresses of the screens, behind the hash, so that a page served from anywhere can hold them. */
export function createRoutes() {
  return createRouter({
    history: createWebHashHistory(),
    routes: [
      { path: '/', redirect: '/incidents' },
      { path: '/incidents/:incident?', name: 'incidents', component: Incidents },
      { path: '/rooms', name: 'rooms', component: Rooms },
      { path: '/rooms/:room/:tab(status|incidents|history|remote)?', name: 'room', component: RoomPage },
      {
        path: '/settings',
        name: 'settings',
        component: Settings,
        children: [
          { path: 'general', name: 'general', component: General },
          { path: 'roles', name: 'roles', component: Roles },
          { path: 'roles/:role/:tab(properties|permissions|assignments)?', name: 'role', component: RolePage },
          { path: 'groups', name: 'groups', component: Groups },
          { path: 'partners', name: 'partners', component: Partners },
          { path: 'approvals', name: 'approvals', component: Approvals },
          { path: 'audit', name: 'audit', component: Audit },
          { path: 'sessions', name: 'sessions', component: Sessions },
          { path: 'sessions/:session', name: 'recording', component: Playback },
        ],
      },
      { path: '/tenants', name: 'tenants', component: Tenants },
      { path: '/about', name: 'about', component: About },
      { path: '/:unknown(.*)*', name: 'notFound', component: NotFound },
    ],
  })
}
