/** Servers over TLS, with a certificate that openssl makes for the test alone. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createServer, type TlsOptions } from 'node:tls';
import { temporaryDirectory } from './cli.ts';
import { type Answer, answerWith, listening } from './peers.ts';

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

export interface TlsPeer {
  port: number;
  requests: string[];
  cert: string;
  /** The environment in which its certificate is trusted. */
  trusting: Record<string, string>;
}

/** A certificate, valid for localhost and 127.0.0.1 unless a name is given, that has signed itself; and where it lies. */
export async function selfSigned(names = 'DNS:localhost,IP:127.0.0.1') {
  const directory = await temporaryDirectory();
  const [keyFile, file] = [path.join(directory, 'key.pem'), path.join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=a test', '-addext', `subjectAltName=${names}`];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-days', '2', ...subject, '-keyout', keyFile, '-out', file], {
    stdio: 'ignore',
  });
  return { key: await readFile(keyFile), cert: await readFile(file), file };
}

/** A server with such a certificate. */
export async function tlsServer(answer: Answer, names?: string, options: TlsOptions = {}) {
  const { key, cert, file } = await selfSigned(names);
  const requests: string[] = [];
  const server = createServer({ ...options, key, cert }, (socket) => answerWith(socket, answer, requests));
  const peer: TlsPeer = {
    port: await listening(server),
    requests,
    cert: file,
    trusting: { NODE_EXTRA_CA_CERTS: file },
  };
  return peer;
}
