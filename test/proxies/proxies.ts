/**
 * Real proxies, each as a program that listens on a port of its own and passes on to ours: as it comes, and as
 * docs/proxies.md recommends. What the page recommends is read from the page, so that what it says is what is tried.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const PAGE = await readFile(new URL('../../docs/proxies.md', import.meta.url), 'utf8');

/** What a configuration is written from. */
interface Place {
  folder: string;
  port: number;
  /** The port with TLS and HTTP/2, where the proxy is given one. */
  tlsPort: number;
  upstream: number;
  /** Whether the server is asked over HTTP/2, without TLS. */
  isHttp2: boolean;
  /** Lines of the page; none for the proxy as it comes. */
  lines: string;
}

export interface ProxyProgram {
  /** As in the table of the page. */
  name: string;
  /** Which rows of that name are its own, if there is another program of the name. */
  rows?: RegExp;
  /** The heading of the page that has its lines, if it is not the name. */
  heading?: string;
  /** Prints its version. */
  version: readonly string[];
  hasTls: boolean;
  /** Whether it can ask the server over HTTP/2. */
  canAskHttp2?: boolean;
  config(place: Place): string;
  command(place: Place, config: string): readonly string[];
}

/** The lines that the page recommends for it. */
export function recommended({ name, heading = name }: ProxyProgram): string {
  const section = PAGE.split(/^## /m).find((one) => one.startsWith(`${heading}\n`));
  const lines = /```\w*\n(.*?)```/s.exec(section ?? '')?.[1];
  if (lines === undefined) throw new Error(`docs/proxies.md recommends no lines for ${name}`);
  return lines;
}

const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** scripts/install-proxies.sh puts it there. */
const RECENT_NGINX = path.join(
  process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'),
  'chunked-trailers/nginx/nginx',
);

const nginxConfig = ({ folder, port, tlsPort, upstream, lines }: Place) => `
daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;
events {}
http {
  access_log off;
  ${TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${tlsPort} ssl http2;
    ssl_certificate ${folder}/tls.pem; ssl_certificate_key ${folder}/tls.pem;
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      ${lines}
    }
  }
}`;

export const PROXIES: readonly ProxyProgram[] = [
  {
    name: 'nginx',
    rows: /^nginx 1\.22$/,
    version: ['nginx', '-v'],
    hasTls: true,
    config: nginxConfig,
    command: ({ folder }, config) => ['nginx', '-p', folder, '-e', 'stderr', '-c', config],
  },
  {
    name: 'nginx',
    rows: /^nginx 1\.30$/,
    heading: 'nginx, from 1.27.2 on',
    version: [RECENT_NGINX, '-v'],
    hasTls: true,
    config: nginxConfig,
    command: ({ folder }, config) => [RECENT_NGINX, '-p', folder, '-e', 'stderr', '-c', config],
  },
  {
    name: 'HAProxy',
    version: ['haproxy', '-v'],
    hasTls: true,
    canAskHttp2: true,
    config: ({ folder, port, tlsPort, upstream, isHttp2 }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  bind 127.0.0.1:${tlsPort} ssl crt ${folder}/tls.pem alpn h2,http/1.1
  default_backend back
backend back
  server one 127.0.0.1:${upstream}${isHttp2 ? ' proto h2' : ''}
`,
    command: (_place, config) => ['haproxy', '-db', '-f', config],
  },
  {
    name: 'Caddy',
    version: ['caddy', 'version'],
    hasTls: true,
    canAskHttp2: true,
    config: ({ folder, port, tlsPort, upstream, isHttp2 }) => `
{
  admin off
  auto_https off
  storage file_system ${folder}
}
http://127.0.0.1:${port} {
  reverse_proxy ${isHttp2 ? 'h2c://' : ''}127.0.0.1:${upstream}
}
https://localhost:${tlsPort} {
  tls ${folder}/tls.pem ${folder}/tls.pem
  reverse_proxy ${isHttp2 ? 'h2c://' : ''}127.0.0.1:${upstream}
}
`,
    command: (_place, config) => ['caddy', 'run', '--config', config, '--adapter', 'caddyfile'],
  },
  {
    name: 'lighttpd',
    version: ['lighttpd', '-v'],
    hasTls: true,
    config: ({ folder, port, tlsPort, upstream, lines }) => `
server.modules = ("mod_openssl", "mod_proxy")
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${port}
$SERVER["socket"] == "127.0.0.1:${tlsPort}" { ssl.engine = "enable" ssl.pemfile = "${folder}/tls.pem" }
proxy.server = ("" => (("host" => "127.0.0.1", "port" => ${upstream})))
${lines}`,
    command: (_place, config) => ['lighttpd', '-D', '-f', config],
  },
  {
    name: 'Apache',
    version: ['apache2', '-v'],
    hasTls: true,
    canAskHttp2: true,
    config: ({ folder, port, tlsPort, upstream, isHttp2 }) => `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
Mutex file:${folder}
ErrorLog /dev/null
User www-data
Group www-data
${['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'proxy_http2', 'ssl', 'http2', 'socache_shmcb']
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${tlsPort}
ProxyPass / ${isHttp2 ? 'h2c' : 'http'}://127.0.0.1:${upstream}/
<VirtualHost 127.0.0.1:${tlsPort}>
  SSLEngine on
  SSLCertificateFile ${folder}/tls.pem
  SSLCertificateKeyFile ${folder}/tls.pem
  Protocols h2 http/1.1
  ProxyPass / ${isHttp2 ? 'h2c' : 'http'}://127.0.0.1:${upstream}/
</VirtualHost>
`,
    command: (_place, config) => ['apache2', '-D', 'FOREGROUND', '-f', config],
  },
  {
    name: 'nghttpx',
    version: ['nghttpx', '--version'],
    hasTls: true,
    canAskHttp2: true,
    config: ({ folder, port, tlsPort, upstream, isHttp2 }) => `
frontend=127.0.0.1,${port};no-tls
frontend=127.0.0.1,${tlsPort}
backend=127.0.0.1,${upstream};;proto=${isHttp2 ? 'h2' : 'http/1.1'}
private-key-file=${folder}/tls.pem
certificate-file=${folder}/tls.pem
workers=1
`,
    command: (_place, config) => ['nghttpx', `--conf=${config}`, '-L', 'ERROR'],
  },
  {
    name: 'Varnish',
    version: ['varnishd', '-V'],
    hasTls: false,
    config: ({ upstream }) => `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${upstream}"; }\n`,
    command: ({ folder, port }, config) => [
      ...['varnishd', '-F', '-j', 'none', '-n', `${folder}/work`, '-a', `127.0.0.1:${port}`, '-f', config],
    ],
  },
  {
    name: 'Squid',
    version: ['squid', '-v'],
    hasTls: false,
    config: ({ port, upstream }) => `
http_port 127.0.0.1:${port} accel defaultsite=localhost
cache_peer 127.0.0.1 parent ${upstream} 0 no-query originserver
http_access allow all
cache deny all
access_log none
cache_log /dev/null
pid_filename none
shutdown_lifetime 0 seconds
pinger_enable off
`,
    command: (_place, config) => ['squid', '-N', '-f', config],
  },
];

/** What the program says of itself, `nginx 1.22` in short; undefined if it is not there. */
export function versionOf({ version: [program, ...args] }: ProxyProgram): string | undefined {
  const { error, stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8' });
  return error === undefined ? /\d+\.\d+/.exec(stdout + stderr)?.[0] : undefined;
}

/** Two ports outside of the range from which the system gives out its own: nobody who asks for any port can take them. */
async function freePorts(): Promise<[number, number]> {
  const ports: number[] = [];
  while (ports.length < 2) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 10_000), '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    ports.push((server.address() as AddressInfo).port);
    server.close();
    await once(server, 'close');
  }
  return ports as [number, number];
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} has ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} does not listen`);
}

/** Runs the proxy in front of a port while `use` does its work. */
export async function behind(
  proxy: ProxyProgram,
  { upstream, lines, isHttp2 = false }: Pick<Place, 'upstream' | 'lines'> & Partial<Place>,
  use: (ports: { port: number; tlsPort: number }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'proxy-'));
  const [port, tlsPort] = await freePorts();
  const place = { folder, port, tlsPort, upstream, isHttp2, lines };
  const tls = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-subj',
    '/CN=localhost',
    '-days',
    '2',
    '-addext',
    'subjectAltName=DNS:localhost',
  ];
  const { stdout } = spawnSync('openssl', [...tls, '-keyout', '-', '-out', '-'], { encoding: 'utf8' });
  await writeFile(`${folder}/tls.pem`, stdout);
  await writeFile(`${folder}/config`, proxy.config(place));
  const [program, ...args] = proxy.command(place, `${folder}/config`);
  const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const closed = once(child, 'close');
  try {
    await accepting(port, child).catch((error) => {
      throw new Error(`${error.message}: ${said}`);
    });
    await use({ port, tlsPort });
  } finally {
    child.kill();
    const killing = setTimeout(() => child.kill('SIGKILL'), 5000);
    await closed;
    clearTimeout(killing);
    await rm(folder, { recursive: true, force: true });
  }
}
