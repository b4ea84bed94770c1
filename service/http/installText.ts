/** The steps on the device and for many devices at once, in English and French, with this deployment's own address. */
export function installText(service: string): string {
  const { hostname } = new URL(service)
  return `ROOMKEEPER AGENT FOR ${hostname}
(français plus bas)

1. Before
   Hang up and go to the home screen of the room's console. More > Settings, enter the password of the local
   administrator (the factory default is sfb: change it), then Windows Settings > Administrator, or the device's own
   administrator; on a domain: Other User, .\\admin. When you are done: Start > sign out > Skype (or Other User, .\\skype).

2. Proxy, only where the device needs one
   In a command prompt with elevated rights; the quotes at the end matter:
     bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY host:port ""
   or with a PAC file:
     bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://host/proxy.pac
   The agent speaks TLS on port 443 only. Allow: ${hostname}

3. Install
   Unpack this archive. With Node.js 20.19 or newer, in the unpacked folder, as administrator:
     npm install --omit=dev
     npx --no-install node agent-sim/main.ts run --device host --service ${service} --key-file KEYFILE
   KEYFILE is the self-enrolment key (Settings > General > Enrol a room > Download key, or "?" > Download key).
   Without a key the device enrols with the account of its room: --account-token-file TOKENFILE instead.
   Do not close the window while the agent sets itself up. It checks, in this order: elevated rights, a Trusted
   Platform Module that is on, the local accounts 'Admin' and 'Skype'.

4. Enrol
   The room appears in Rooms as Onboarding. Open it > Status > Enrol. From then on it raises alerts and incidents.

5. Many devices with Intune
   Devices that are enrolled there, in a group: Apps > All apps > Add > Line-of-business app. Publisher as you like,
   Ignore app version: Yes (the agent updates itself), Required > the group > Review + create. It may take up to eight
   hours; restarting a device shortens it.

6. Off-boarding
   As administrator, unpack the off-boarding script. In an elevated PowerShell:
     Set-ExecutionPolicy -ExecutionPolicy RemoteSigned
   answer Y, then run the script by its full path. The agent and its files are gone, and the device is back on standard
   updates. Then, in the console, Rooms > the room > Status > Unenrol.

------------------------------------------------------------------------------------------------------------------------

AGENT ROOMKEEPER POUR ${hostname}

1. Avant de commencer
   Raccrochez et revenez à l'écran d'accueil de la console de la salle. Plus > Paramètres, saisissez le mot de passe de
   l'administrateur local (celui d'usine est sfb : changez-le), puis Paramètres Windows > Administrateur, ou
   l'administrateur propre à l'appareil ; dans un domaine : Autre utilisateur, .\\admin. À la fin : Démarrer > se
   déconnecter > Skype (ou Autre utilisateur, .\\skype).

2. Proxy, seulement si l'appareil en a besoin
   Dans une invite de commandes avec privilèges élevés ; les guillemets à la fin comptent :
     bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY hôte:port ""
   ou avec un fichier PAC :
     bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://hôte/proxy.pac
   L'agent parle TLS sur le port 443 uniquement. Autorisez : ${hostname}

3. Installer
   Décompressez cette archive. Avec Node.js 20.19 ou plus récent, dans le dossier décompressé, en administrateur :
     npm install --omit=dev
     npx --no-install node agent-sim/main.ts run --device host --service ${service} --key-file FICHIER
   FICHIER est la clé d'inscription (Paramètres > Général > Inscrire une salle > Télécharger la clé, ou « ? » >
   Télécharger la clé). Sans clé, l'appareil s'inscrit avec le compte de sa salle : --account-token-file FICHIER.
   Ne fermez pas la fenêtre pendant l'installation. L'agent vérifie, dans cet ordre : les privilèges élevés, un module
   de plateforme sécurisée (TPM) activé, les comptes locaux « Admin » et « Skype ».

4. Inscrire la salle
   La salle apparaît dans Salles, en cours de mise en service. Ouvrez-la > État > Inscrire. Dès lors, elle produit des
   alertes et des incidents.

5. Beaucoup d'appareils avec Intune
   Pour des appareils qui y sont inscrits, dans un groupe : Applications > Toutes les applications > Ajouter >
   Application métier. Éditeur au choix, Ignorer la version de l'application : Oui (l'agent se met à jour lui-même),
   Obligatoire > le groupe > Vérifier + créer. Cela peut prendre huit heures ; redémarrer l'appareil abrège l'attente.

6. Retirer un appareil
   En administrateur, décompressez le script de retrait. Dans PowerShell avec privilèges élevés :
     Set-ExecutionPolicy -ExecutionPolicy RemoteSigned
   répondez O, puis lancez le script par son chemin complet. L'agent et ses fichiers disparaissent, et l'appareil revient
   aux mises à jour standard. Puis, dans la console : Salles > la salle > État > Annuler l'inscription.
`
}
