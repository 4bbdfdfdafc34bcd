/** Strategy: which proxy is taken, by table. Requests through real proxies are in test/cli/proxy.test.ts. */
import { describe, expect, test } from 'vitest';
import { proxyByEnvironment } from '../../../src/files/download/proxy.ts';

const PROXY = 'http://proxy:3128';

describe('the environment', () => {
  test.each<[url: string, env: Record<string, string>, expected: string | undefined]>([
    ['http://h/', {}, undefined],
    ['http://h/', { http_proxy: PROXY }, PROXY],
    ['http://h/', { HTTP_PROXY: PROXY }, PROXY],
    ['https://h/', { HTTP_PROXY: PROXY }, undefined],
    ['https://h/', { https_proxy: PROXY }, PROXY],
    ['https://h/', { HTTPS_PROXY: PROXY }, PROXY],
    ['https://h/', { ALL_PROXY: PROXY }, PROXY],
    ['http://h/', { http_proxy: 'http://one:1', HTTP_PROXY: 'http://two:2' }, 'http://one:1'],
    ['http://h/', { http_proxy: 'proxy:3128' }, PROXY],
    ['http://h/', { http_proxy: '' }, undefined],
    // In CGI, the request's field Proxy becomes HTTP_PROXY.
    ['http://h/', { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' }, undefined],
    ['http://h/', { http_proxy: PROXY, no_proxy: '*' }, undefined],
    ['http://h/', { http_proxy: PROXY, no_proxy: 'h' }, undefined],
    ['http://H./', { http_proxy: PROXY, NO_PROXY: 'a, h' }, undefined],
    ['http://h/', { http_proxy: PROXY, no_proxy: 'h.' }, undefined],
    ['http://a.h/', { http_proxy: PROXY, no_proxy: 'h' }, undefined],
    ['http://a.h/', { http_proxy: PROXY, no_proxy: '.h' }, undefined],
    ['http://ah/', { http_proxy: PROXY, no_proxy: 'h' }, PROXY],
    ['http://h/', { http_proxy: PROXY, no_proxy: 'h:80' }, undefined],
    ['http://h:81/', { http_proxy: PROXY, no_proxy: 'h:80' }, PROXY],
    ['https://h/', { https_proxy: PROXY, no_proxy: 'h:443' }, undefined],
    ['http://127.0.0.1/', { http_proxy: PROXY, no_proxy: '127.0.0.1' }, undefined],
    ['http://10.1.2.3/', { http_proxy: PROXY, no_proxy: '10.0.0.0/8' }, undefined],
    ['http://11.1.2.3/', { http_proxy: PROXY, no_proxy: '10.0.0.0/8' }, PROXY],
    ['http://11.1.2.3/', { http_proxy: PROXY, no_proxy: '10.0.0.0/99' }, PROXY],
    ['http://[::1]/', { http_proxy: PROXY, no_proxy: '::1' }, undefined],
    ['http://[::1]/', { http_proxy: PROXY, no_proxy: '[::1]:80' }, undefined],
    ['http://[fd00::1]/', { http_proxy: PROXY, no_proxy: 'fd00::/8' }, undefined],
    ['http://h/', { http_proxy: PROXY, no_proxy: ' , ' }, PROXY],
  ])('%s with %j', (url, env, expected) => {
    expect(proxyByEnvironment(env)(new URL(url))?.origin).toBe(expected);
  });

  test('a proxy that is given goes before it, and an empty one means none', () => {
    const env = { http_proxy: 'http://one:1', no_proxy: 'here' };
    expect(proxyByEnvironment(env, PROXY)(new URL('http://h/'))?.origin).toBe(PROXY);
    expect(proxyByEnvironment(env, PROXY)(new URL('https://h/'))?.origin).toBe(PROXY);
    expect(proxyByEnvironment(env, PROXY)(new URL('http://here/'))).toBeUndefined();
    expect(proxyByEnvironment(env, '')(new URL('http://h/'))).toBeUndefined();
  });

  test.each(['socks5://h:1', 'ftp://h', 'http://', 'http://h:99999'])('%s is none that is supported', (proxy) => {
    expect(() => proxyByEnvironment({}, proxy)(new URL('http://h/'))).toThrow(TypeError);
  });

  test('where it comes from is said, and not what it is', () => {
    const proxy = 'socks5://me:secret@h:1';
    const said = (env: Record<string, string>, given?: string) => {
      try {
        return proxyByEnvironment(env, given)(new URL('http://h/'))?.href;
      } catch (error) {
        return /what (\S+) has is neither/.exec((error as Error).message)?.[1];
      }
    };
    expect(said({ all_proxy: proxy })).toBe('all_proxy');
    expect(said({ HTTP_PROXY: proxy, all_proxy: PROXY })).toBe('HTTP_PROXY');
    expect(said({ http_proxy: PROXY }, proxy)).toBe('--proxy');
    expect(() => proxyByEnvironment({}, proxy)(new URL('http://h/'))).not.toThrow(/secret/);
  });
});
