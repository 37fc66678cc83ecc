import type { Requirement } from './requirement.js'

export const requirements: readonly Requirement[] = [
  {
    id: 'package.five-runtimes',
    source: 'design 8',
    behaviour: 'The built package, packed, runs its suites in Node, Bun, Deno, workerd and Chromium.',
  },
  {
    id: 'package.packed',
    source: 'design 8',
    behaviour: 'The runtimes import the unpacked archive, neither the local build nor the sources.',
  },
  {
    id: 'package.ends',
    source: 'design 8',
    behaviour: 'A process that ran every suite ends by itself; a leaked handle is reported with its suite.',
  },
  {
    id: 'package.entry-imports',
    source: 'design 2',
    behaviour: 'Every entrypoint can be imported on each of its runtimes, and exports something.',
  },
  {
    id: 'package.error-brand',
    source: 'design 4',
    behaviour: 'Errors of the package are recognised by their brand; foreign errors are not.',
  },
  {
    id: 'package.ranges',
    source: 'design 2',
    behaviour: 'Dependencies are caret ranges: exact pins give an application two copies of zod.',
  },
  { id: 'package.side-effects', source: 'design 2', behaviour: 'Only the executables are listed as having side effects.' },
  { id: 'package.links', source: 'design 2', behaviour: 'A link in a packed page leads to a file in the archive.' },
  {
    id: 'package.executables',
    source: 'design 8',
    behaviour: 'Importing an executable of the testing kit starts nothing and gives its path.',
  },
  { id: 'package.first-bytes', source: 'design 1', behaviour: 'A pair of links carries bytes, and both ends close.' },
  {
    id: 'package.rules',
    source: 'design 9',
    behaviour: 'An import cycle, a long function without a reason and an example that does not compile are found.',
  },
  {
    id: 'package.ci-totals',
    source: 'issue 13',
    behaviour: 'The end of the CI run names each failure with the start of its error, and its last line is the totals.',
  },
  {
    id: 'package.loads',
    source: 'design 2',
    behaviour:
      "Importing signalbox/node, ccc, cccc, claude or hub loads neither zod nor ofetch, and node not the gateway's server.",
  },
  {
    id: 'package.in-a-page',
    source: 'issue 13',
    behaviour:
      'A page that imports an entrypoint of Node fails at its build or at the import, and is told which entrypoint to use.',
  },
  {
    id: 'package.consumers',
    source: 'issue 12',
    behaviour:
      'The declarations compile without skipLibCheck, without the types of a runtime and with lib ES2022 alone, on TypeScript 5.7 to 7.',
  },
]
