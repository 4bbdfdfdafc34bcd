/** One subject, in a process of its own: what kills it is seen. usage: node server.js SUBJECT */
import { tell } from './source.js';
import { SUBJECTS } from './subjects.js';

const server = await SUBJECTS[process.argv[2]]();
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
