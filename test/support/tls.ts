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

/** A certificate that has signed itself, as the paths of its files. */
export async function certificate(names = 'DNS:localhost,IP:127.0.0.1'): Promise<{ key: string; cert: string }> {
  const directory = await temporaryDirectory();
  const [key, cert] = [path.join(directory, 'key.pem'), path.join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=a test', '-addext', `subjectAltName=${names}`];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-days', '2', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  return { key, cert };
}

/** A server whose certificate, valid for localhost and 127.0.0.1 unless a name is given, has signed itself. */
export async function tlsServer(answer: Answer, names?: string, options: TlsOptions = {}) {
  const { key, cert } = await certificate(names);
  const requests: string[] = [];
  const server = createServer({ ...options, key: await readFile(key), cert: await readFile(cert) }, (socket) =>
    answerWith(socket, answer, requests),
  );
  const peer: TlsPeer = { port: await listening(server), requests, cert, trusting: { NODE_EXTRA_CA_CERTS: cert } };
  return peer;
}
