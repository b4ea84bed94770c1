/** The steps on the device, in English and French, with this deployment's own address. */
export function installText(service: string): string {
  const { hostname, port } = new URL(service)
  const address = `${hostname}:${port || 443}`
  return `ROOMKEEPER AGENT FOR ${hostname}
(français plus bas)

The agent reports to ${service}

1. Before, on a room device with Windows
   Hang up and go to the home screen of the room's console. More > Settings, enter the password of the local
   administrator (the factory default is sfb: change it), then Windows Settings > Administrator, or the device's own
   administrator; on a domain: Other User, .\\admin. When you are done: Start > sign out > Skype (or Other User, .\\skype).

2. Network
   The device must reach ${address}, and, while the agent is installed, npm's registry. Only where it needs a proxy:
   in a command prompt with elevated rights (the quotes at the end matter)
     bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY host:port ""
   or with a PAC file
     bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://host/proxy.pac
   install.ps1 takes it from there. Elsewhere: the option --proxy HOST:PORT, or --pac http://host/proxy.pac
   A proxy that asks for a user and a password (Basic): --proxy-credentials FILE (-ProxyCredentials), with user:password in
   its first line. npm is not shown them, and knows no PAC files: give it a proxy of its own (npm config set proxy).

3. Install
   The device needs Node.js 20.19 or newer, with npm. Unpack this archive into a folder of its own that only
   administrators can change, C:\\Program Files\\RoomkeeperAgent or /opt/roomkeeper-agent: the agent stays there. The
   scripts refuse a folder that others may change.

   The self-enrolment key, roomkeeper-enrolment.key (Settings > General > Enrol a room > Download key, or "?" >
   Download key), goes beside the scripts or, on Windows, into C:\\Rigel; or name its file, as KEYFILE below. Without a
   key the device enrols with an access token of its room's account: -AccountTokenFile or --account-token-file.

   Windows, in a PowerShell started as administrator:
     cd 'C:\\Program Files\\RoomkeeperAgent'
     Get-ChildItem *.ps1 | Unblock-File
     Set-ExecutionPolicy -ExecutionPolicy RemoteSigned
   answer Y, then
     .\\install.ps1 [KEYFILE]
   Do not close the window before it says that the agent runs. It checks, in this order: elevated rights, a Trusted
   Platform Module that is on, the local accounts 'Admin' and 'Skype'. A computer that is no certified room device:
     .\\install.ps1 [KEYFILE] -Generic
   The agent then runs at every start, by a scheduled task, under the account LocalService.

   Linux and macOS:
     sh install.sh [KEYFILE]
   As root, where systemd runs, the agent then runs at every start, in the account roomkeeper-agent; with --terminal it offers
   remote terminals, in the account roomkeeper-shell. Otherwise, or to look on:
     sh install.sh [KEYFILE] --foreground

   A key that lies beside the scripts or in C:\\Rigel is deleted once the device is enrolled; one that you name is not.

   On Linux the key pair of the device is kept in its TPM, where there is one. On Windows and macOS it is a file in the
   agent's folder: such devices enrol only while Settings > General > Allow keys in software is on. The service takes
   the device's word for where its key is; it does not prove that there is a TPM.

4. Enrol
   The room appears in Rooms as Onboarding. Open it > Status > Enrol. From then on it raises alerts and incidents.

5. Update
   The agent does not update itself. Unpack a newer installer over this one and run its script again.

6. Off-boarding
   In a PowerShell started as administrator, with the full path:
     & 'C:\\Program Files\\RoomkeeperAgent\\offboard.ps1'
   On Linux and macOS, as whoever installed it:
     sh offboard.sh
   The service is told, and the agent, its key and its files are gone. An agent that runs in a window is ended there
   first, with Ctrl-C. Then, in the console, Rooms > the room > Status > Unenrol.

------------------------------------------------------------------------------------------------------------------------

AGENT ROOMKEEPER POUR ${hostname}

L'agent rend compte à ${service}

1. Avant de commencer, sur un appareil de salle sous Windows
   Raccrochez et revenez à l'écran d'accueil de la console de la salle. Plus > Paramètres, saisissez le mot de passe de
   l'administrateur local (celui d'usine est sfb : changez-le), puis Paramètres Windows > Administrateur, ou
   l'administrateur propre à l'appareil ; dans un domaine : Autre utilisateur, .\\admin. À la fin : Démarrer > se
   déconnecter > Skype (ou Autre utilisateur, .\\skype).

2. Réseau
   L'appareil doit joindre ${address} et, pendant l'installation, le registre de npm. Seulement s'il lui faut un proxy :
   dans une invite de commandes avec privilèges élevés (les guillemets à la fin comptent)
     bitsadmin /Util /SetIEProxy LOCALSYSTEM MANUAL_PROXY hôte:port ""
   ou avec un fichier PAC
     bitsadmin /Util /SetIEProxy LOCALSYSTEM AUTOSCRIPT http://hôte/proxy.pac
   install.ps1 reprend ce réglage. Ailleurs : l'option --proxy HÔTE:PORT, ou --pac http://hôte/proxy.pac
   Un proxy qui demande un nom et un mot de passe (Basic) : --proxy-credentials FICHIER (-ProxyCredentials), avec
   nom:motdepasse en première ligne. npm ne les reçoit pas et ne connaît pas les fichiers PAC : donnez-lui son propre
   proxy (npm config set proxy).

3. Installer
   Il faut Node.js 20.19 ou plus récent, avec npm. Décompressez cette archive dans un dossier à elle, que seuls les
   administrateurs peuvent modifier, C:\\Program Files\\RoomkeeperAgent ou /opt/roomkeeper-agent : l'agent y reste. Les
   scripts refusent un dossier que d'autres peuvent modifier.

   La clé d'auto-inscription, roomkeeper-enrolment.key (Réglages > Général > Inscrire une salle > Télécharger la clé, ou
   « ? » > Télécharger la clé), se place à côté des scripts ou, sous Windows, dans C:\\Rigel ; ou indiquez son fichier,
   CLÉ ci-dessous. Sans clé, l'appareil s'inscrit avec un jeton d'accès du compte de sa salle : -AccountTokenFile ou
   --account-token-file.

   Windows, dans PowerShell lancé en tant qu'administrateur :
     cd 'C:\\Program Files\\RoomkeeperAgent'
     Get-ChildItem *.ps1 | Unblock-File
     Set-ExecutionPolicy -ExecutionPolicy RemoteSigned
   répondez O, puis
     .\\install.ps1 [CLÉ]
   Ne fermez pas la fenêtre avant d'y lire que l'agent s'exécute (« The agent runs »). Sont vérifiés, dans cet ordre :
   les privilèges élevés, un module de plateforme sécurisée (TPM) activé, les comptes locaux « Admin » et « Skype ». Un
   ordinateur qui n'est pas un appareil de salle certifié :
     .\\install.ps1 [CLÉ] -Generic
   L'agent s'exécute ensuite à chaque démarrage, par une tâche planifiée, sous le compte LocalService.

   Linux et macOS :
     sh install.sh [CLÉ]
   En root, là où systemd est présent, l'agent s'exécute ensuite à chaque démarrage, sous le compte roomkeeper-agent ; avec
   --terminal, il propose des terminaux à distance, sous le compte roomkeeper-shell. Sinon, ou pour le regarder faire :
     sh install.sh [CLÉ] --foreground

   Une clé posée à côté des scripts ou dans C:\\Rigel est supprimée une fois l'appareil inscrit ; celle que vous nommez reste.

   Sous Linux, la paire de clés de l'appareil est dans son TPM, s'il en a un. Sous Windows et macOS, c'est un fichier du
   dossier de l'agent : ces appareils ne s'inscrivent que si Réglages > Général > Autoriser les clés logicielles est actif.
   Le service croit l'appareil sur parole quant à l'emplacement de sa clé ; il ne prouve pas la présence d'un TPM.

4. Inscrire la salle
   La salle apparaît dans Salles, en mise en service. Ouvrez-la > État > Inscrire. Dès lors, elle produit des alertes et
   des incidents.

5. Mettre à jour
   L'agent ne se met pas à jour lui-même. Décompressez un programme d'installation plus récent par-dessus celui-ci et
   relancez son script.

6. Retirer un appareil
   Dans PowerShell lancé en tant qu'administrateur, avec le chemin complet :
     & 'C:\\Program Files\\RoomkeeperAgent\\offboard.ps1'
   Sous Linux et macOS, avec le compte qui l'a installé :
     sh offboard.sh
   Le service est prévenu ; l'agent, sa clé et ses fichiers ont disparu. Un agent qui s'exécute dans une fenêtre y est
   d'abord arrêté, par Ctrl-C. Puis, dans la console : Salles > la salle > État > Désinscrire.
`
}
