/**
 * One subject, in a process of its own: what kills it is seen. usage: node server.js SUBJECT
 *
 * With EDGES_UNSEALED, subjects that are sealed are not, and what ends each response is told: the first call.
 */
import http from 'node:http';
import net from 'node:net';
import { tell } from './source.js';

if (process.env.EDGES_UNSEALED !== undefined) {
  const told = new WeakSet();
  const spy = (prototype, name, title, responseOf) => {
    const method = prototype[name];
    prototype[name] = function (...args) {
      const response = responseOf(this);
      const isServers = response?.req !== undefined && response instanceof http.ServerResponse;
      // That a client has left ends the connection, and says nothing of the application.
      const { socket } = response?.req ?? {};
      const hasLeft = socket?.readableEnded || socket?.errored || args[0]?.code === 'ECONNRESET';
      if (isServers && !hasLeft && !told.has(response)) {
        told.add(response);
        const id = new URL(response.req.url, 'http://localhost').searchParams.get('id');
        tell({ called: args.length === 0 || args[0] === undefined ? `${title}()` : `${title}(…)`, id });
      }
      return method.apply(this, args);
    };
  };
  spy(http.ServerResponse.prototype, 'destroy', 'res.destroy', (res) => res);
  spy(http.ServerResponse.prototype, 'end', 'res.end', (res) => res);
  spy(net.Socket.prototype, 'destroy', 'socket.destroy', (socket) => socket._httpMessage);
}

const { SUBJECTS } = await import('./subjects.js');
const { SEALED_SUBJECTS } = await import('./sealed-subjects.js');
const name = process.argv[2];
const server = await (SUBJECTS[name] ?? SEALED_SUBJECTS[name.replace(/^seal: /, '')])();
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
