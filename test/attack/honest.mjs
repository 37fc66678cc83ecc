// The owner's client, in a process of its own: one whole call after the other, each on a new connection, timed. Prints the waits at the end.
//
// `ms` is the time from connect to close. `starvedMs` is the part of it in which the gateway or this client could run and had no processor,
// because other programs of the machine had them. The system counts that time for each thread; see schedstat in the documentation of Linux. Of
// the gateway it is the time of its main thread and of that helper thread which waited longest: a call needs one of them, to hash its token.
// So `ms - starvedMs` is what the gateway made the owner wait: its work for others, its queues and its timers.
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'

const [port = '', token = '', server = ''] = process.argv.slice(2)
const body = '{"cmd":"ping"}'
const request = `POST /v1/ccc/call HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`

/** How long each thread of a process has waited for a processor so far, in milliseconds. Empty where the system does not tell. */
function starved(pid) {
  const threads = new Map()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`))
      threads.set(thread, Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[1]) / 1e6)
  } catch {
    // A thread ended meanwhile, or there is no /proc.
  }
  return threads
}
/** What the main thread waited, and that other thread which waited longest. */
function starvedSince(before, pid) {
  let main = 0
  let other = 0
  for (const [thread, now] of starved(pid)) {
    const waited = now - (before.get(thread) ?? now)
    if (thread === String(pid)) main = waited
    else other = Math.max(other, waited)
  }
  return main + other
}

const call = () =>
  new Promise((resolve) => {
    const starvedBefore = [starved(server), starved(process.pid)]
    const began = performance.now()
    let got = ''
    const socket = connect(Number(port), '127.0.0.1')
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      const ms = performance.now() - began
      resolve({
        ms,
        starvedMs: starvedSince(starvedBefore[0], server) + starvedSince(starvedBefore[1], process.pid),
        served: got.includes('"version":"here"'),
      })
    })
    socket.write(request)
  })

let over = false
process.stdin.once('data', () => {
  over = true
})
const calls = []
while (!over || calls.length === 0) {
  calls.push(await call())
  if (calls.length === 1) console.log('ready')
  await new Promise((resolve) => setTimeout(resolve, 20))
}
console.log(JSON.stringify(calls))
process.exit(0)
