# Installs the Roomkeeper agent from the folder that this script lies in: see INSTALL.txt beside it.
# For Windows PowerShell 5.1 and newer. Written from the documentation of Windows and not yet run on a Windows device.
[CmdletBinding()]
param(
  # Self-enrolment key. Default: roomkeeper-enrolment.key beside this script, or in C:\Rigel.
  [Parameter(Position = 0)] [string] $KeyFile,
  # Access token of the room's own account, instead of a key.
  [string] $AccountTokenFile,
  # Name of the room (default: the name of this machine), and where it is.
  [string] $Room,
  [string] $Building,
  [string] $City,
  [string] $Country,
  [string] $Floor,
  # host:port, or the address of a PAC file. Default: what bitsadmin set for LOCALSYSTEM.
  [string] $Proxy,
  # PEM certificates to trust in the place of the well-known ones.
  [string] $Ca,
  # This is not a certified room device: its prerequisites (elevated rights, TPM, local accounts) are not checked.
  [switch] $Generic,
  # Run the agent here until Ctrl-C, and do not register it to run at start.
  [switch] $Foreground
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$here = $PSScriptRoot
$task = 'Roomkeeper agent'

function Stop-Here([string] $text, [int] $code = 2) {
  [Console]::Error.WriteLine($text)
  exit $code
}

function Get-File([string] $path) {
  if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { Stop-Here "There is no file $path." }
  (Resolve-Path -LiteralPath $path).ProviderPath
}

# The proxy that "bitsadmin /Util /SetIEProxy LOCALSYSTEM" set, where it set one.
function Get-SystemProxy {
  $key = 'Registry::HKEY_USERS\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings'
  $set = Get-ItemProperty -LiteralPath $key -ErrorAction SilentlyContinue
  if ($null -eq $set) { return '' }
  $names = $set.PSObject.Properties.Name
  if ($names -contains 'AutoConfigURL' -and $set.AutoConfigURL) { return $set.AutoConfigURL }
  if (-not ($names -contains 'ProxyEnable' -and $set.ProxyEnable -and $names -contains 'ProxyServer')) { return '' }
  # Either one proxy for all protocols, or a list such as http=one:80;https=two:80.
  $all = @($set.ProxyServer -split ';' | Where-Object { $_ })
  $secure = @($all | Where-Object { $_ -like 'https=*' })
  if ($secure.Count -gt 0) { return $secure[0].Substring(6) }
  $plain = @($all | Where-Object { $_ -notlike '*=*' })
  if ($plain.Count -gt 0) { return $plain[0] }
  return ''
}

# The agent runs as a service account, which cannot enter the folders of people.
if (-not $Foreground) {
  $people = Split-Path -Parent $env:PUBLIC
  if ($here.StartsWith("$people\", [StringComparison]::OrdinalIgnoreCase)) {
    Stop-Here "The agent cannot run at start from a folder of a user. Move $here to a folder such as C:\RoomkeeperAgent, and run this again."
  }
}
# The folder is closed to everyone else below, and goes when the device is off-boarded, so it must hold nothing else.
$ours = '.data', 'agent-sim', 'contract', 'node_modules', 'package.json', 'package-lock.json', 'service.json',
  'allowlist.json', 'roomkeeper-enrolment.key', 'INSTALL.txt', 'install.ps1', 'offboard.ps1', 'install.sh', 'offboard.sh'
$others = @(Get-ChildItem -LiteralPath $here -Force | Where-Object { $ours -notcontains $_.Name })
if ($others.Count -gt 0) {
  Stop-Here "Unpack the installer into a folder of its own, such as C:\RoomkeeperAgent: this one also holds $($others[0].Name)."
}

# Node and npm of this machine fetch the packages, one of which is the Node that the agent runs on.
$needs = 'The agent needs Node.js 20.19 or newer, with npm, to be installed: https://nodejs.org'
if (-not (Get-Command node.exe -ErrorAction SilentlyContinue) -or -not (Get-Command npm.cmd -ErrorAction SilentlyContinue)) { Stop-Here $needs }
$version = [version] ((& node.exe --version).TrimStart('v') -replace '-.*$')
if ($version -lt [version] '20.19') { Stop-Here "$needs. This is $version." }

# An agent that runs already would hold its files.
$registered = Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue
if ($registered -and $registered.Actions[0].WorkingDirectory -eq $here) {
  Stop-ScheduledTask -TaskName $task
  while ((Get-ScheduledTask -TaskName $task).State -eq 'Running') { Start-Sleep -Milliseconds 200 }
}

if (-not $Proxy) { $Proxy = Get-SystemProxy }
# The same way out for npm, which knows no PAC files.
if ($Proxy -and $Proxy -notlike '*://*') { $env:HTTPS_PROXY = "http://$Proxy" }
Write-Output 'Fetching what the agent needs. Do not close this window.'
Push-Location -LiteralPath $here
try { & npm.cmd install --omit=dev --no-audit --no-fund --loglevel=error } finally { Pop-Location }
if ($LASTEXITCODE -ne 0) { Stop-Here 'npm could not fetch the packages; the reason stands above.' $LASTEXITCODE }
$node = Join-Path $here 'node_modules\node\bin\node.exe'
if (-not (Test-Path -LiteralPath $node)) {
  Stop-Here 'Node did not come with the packages: npm was told to run no install scripts. Allow them, then run this again.'
}
$agent = Join-Path $here 'agent-sim\main.ts'
$data = Join-Path $here '.data'
$service = (Get-Content -LiteralPath (Join-Path $here 'service.json') -Raw | ConvertFrom-Json).service

# Elevated rights, TPM, local accounts, in this order, each with its message and its remedy.
$deviceProfile = if ($Generic) { 'generic' } else { 'windows-mtr' }
$language = if ($PSUICulture -like 'fr*') { 'fr' } else { 'en' }
& $node $agent check --profile $deviceProfile --no-hosts --lang $language
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

# Administrators and the system may change the folder; the account that the agent runs as may read it and write its
# data. By number, since names are translated: S-1-5-18 the system, S-1-5-32-544 administrators, S-1-5-19 LocalService.
if (-not $Foreground) {
  $me = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
  if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Stop-Here 'ERROR: Please run this application with elevated privileges' 1
  }
  New-Item -ItemType Directory -Path $data -Force | Out-Null
  & icacls.exe $here /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' '*S-1-5-19:(OI)(CI)RX' /Q | Out-Null
  if ($LASTEXITCODE -ne 0) { Stop-Here "The rights of $here could not be set (icacls ended with $LASTEXITCODE)." $LASTEXITCODE }
  & icacls.exe $data /grant '*S-1-5-19:(OI)(CI)M' /Q | Out-Null
  if ($LASTEXITCODE -ne 0) { Stop-Here "The rights of $data could not be set (icacls ended with $LASTEXITCODE)." $LASTEXITCODE }
}

$options = @('--profile', $deviceProfile, '--service', $service, '--data', $data)
$given = [ordered]@{ '--room' = $Room; '--building' = $Building; '--city' = $City; '--country' = $Country; '--floor' = $Floor; '--proxy' = $Proxy }
foreach ($name in $given.Keys) { if ($given[$name]) { $options += $name, $given[$name] } }
if ($Ca) { $options += '--ca', (Get-File $Ca) }

$credential = @()
if ($KeyFile) { $credential = '--key-file', (Get-File $KeyFile) }
elseif ($AccountTokenFile) { $credential = '--account-token-file', (Get-File $AccountTokenFile) }
else {
  foreach ($folder in $here, 'C:\Rigel') {
    $found = Join-Path $folder 'roomkeeper-enrolment.key'
    if (Test-Path -LiteralPath $found -PathType Leaf) { $credential = '--key-file', $found; break }
  }
}
# The hosts are those of a service that others reach; one on this machine needs none.
$hosts = @()
$allowlist = Join-Path $here 'allowlist.json'
if (Test-Path -LiteralPath $allowlist) { $hosts = '--allowlist', $allowlist }

& $node $agent enrol @options @hosts @credential
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
if ($credential.Count -gt 0 -and $credential[0] -eq '--key-file') { Write-Output "The key is not needed here any more; you can delete $($credential[1])" }

if ($Foreground) {
  & $node $agent run @options
  exit $LASTEXITCODE
}
$words = @($agent, 'run') + $options | ForEach-Object { '"' + $_ + '"' }
$action = New-ScheduledTaskAction -Execute $node -Argument ($words -join ' ') -WorkingDirectory $here
$trigger = New-ScheduledTaskTrigger -AtStartup
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 255 -RestartInterval (New-TimeSpan -Minutes 1) `
  -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew
Register-ScheduledTask -TaskName $task -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force | Out-Null
Start-ScheduledTask -TaskName $task
Write-Output "The agent runs, and will at every start of this device: see '$task' in the Task Scheduler."
