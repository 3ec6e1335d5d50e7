/** The files of one directory, for whoever asks with GET or HEAD. */

import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type HttpRefusal, refuseRequest } from './http-refusal.ts';

/**
 * Answers with a file, or with the `index.html` of a directory. What it does not give out: anything
 * outside the directory, be it by `..` or by a symbolic link; names that begin with a dot; lists of
 * what a directory has.
 */
export class StaticFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Answers, and never rejects.
   *
   * @param served is told the path of a file that is on its way
   */
  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    served: (file: string) => void,
  ): Promise<void> {
    try {
      await this.#answer(request, response, served);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The peer has gone, or a file could not be read to its end: a part of it is no answer.
      if (response.headersSent) response.destroy();
      else refuseRequest(response, refusals[code ?? ''] ?? unreadable);
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    served: (file: string) => void,
  ): Promise<void> {
    const path = pathOf(request.url!);
    const found = path === undefined ? undefined : await this.#find(path);
    if (found === undefined) {
      refuseRequest(response, notFound);
      return;
    }
    await using handle = await open(found, openFlags);
    const stats = await handle.stat();
    if (stats.isDirectory()) redirect(request, response);
    else if (!stats.isFile()) refuseRequest(response, notFound);
    else {
      served(found);
      await send(handle, stats, { request, response, type: contentTypeOf(found) });
    }
  }

  /** @returns where a file really is, if that is in the directory */
  async #find(path: string): Promise<string | undefined> {
    const directory = await realpath(this.#directory);
    const found = await realpath(join(directory, path.endsWith('/') ? `${path}index.html` : path));
    if (found === directory) return found;
    const inside = directory.endsWith(sep) ? directory : `${directory}${sep}`;
    if (!found.startsWith(inside)) return undefined;
    // A link may lead to what could not be asked for.
    return found.slice(inside.length).split(sep).some(isHidden) ? undefined : found;
  }
}

// A pipe is not waited for until somebody writes into it; and what `realpath` has found is no link,
// unless somebody has put one in its place since.
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

const notFound: HttpRefusal = { status: 404, told: 'Not found.' };
const forbidden: HttpRefusal = { status: 403, told: 'Forbidden.' };
const unreadable: HttpRefusal = { status: 500, told: 'The file cannot be read.' };

const refusals: Readonly<Record<string, HttpRefusal>> = {
  ENOENT: notFound,
  ENOTDIR: notFound,
  ELOOP: notFound,
  ENXIO: notFound, // a socket
  EACCES: forbidden,
  EPERM: forbidden,
  ENAMETOOLONG: { status: 414, told: 'The path is too long.' },
};

/** @returns undefined for a path that no file here has */
function pathOf(url: string): string | undefined {
  const [encoded] = url.split('?', 1);
  const path = decoded(encoded);
  if (path === undefined || !path.startsWith('/')) return undefined;
  if (path.includes('\0') || path.includes('\\')) return undefined;
  // C:, and streams of a file, where the separator tells that this is Windows.
  if (sep === '\\' && path.includes(':')) return undefined;
  const names = path.slice(1).split('/');
  const isOdd = names.some((name, i) => isHidden(name) || (name === '' && i < names.length - 1));
  return isOdd ? undefined : path;
}

function decoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.');
}

/** So that the page's own links, which are relative to it, are right. */
function redirect({ url }: IncomingMessage, response: ServerResponse): void {
  const [path, query] = url!.split(/(?=\?)/, 2);
  refuseRequest(response, {
    status: 302,
    told: 'This is a directory.',
    headers: { Location: `${path}/${query ?? ''}` },
  });
}

interface Sending {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly type: string;
}

async function send(
  handle: FileHandle,
  stats: Stats,
  { request, response, type }: Sending,
): Promise<void> {
  const tag = `W/"${stats.size.toString(16)}-${Math.floor(stats.mtimeMs).toString(16)}"`;
  response.setHeader('ETag', tag);
  response.setHeader('Last-Modified', stats.mtime.toUTCString());
  // It may be kept, and is asked for again each time whether it has changed.
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (isKnown(request, tag, stats)) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': stats.size });
  if (request.method === 'HEAD' || stats.size === 0) {
    response.end();
    return;
  }
  // Not more than was said, when the file grows meanwhile.
  const bytes = handle.createReadStream({ end: stats.size - 1, autoClose: false });
  await pipeline(bytes, response);
  // Nor less: the peer must see that something is missing.
  if (bytes.bytesRead < stats.size) request.socket.destroy();
}

/** Whoever asks has the file already (RFC 9110 section 13.2.2). */
function isKnown({ headers }: IncomingMessage, tag: string, { mtimeMs }: Stats): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    const opaque = tag.slice('W/'.length);
    return tags.trim() === '*' || tags.split(',').some((one) => one.trim().endsWith(opaque));
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return Math.floor(mtimeMs / 1000) * 1000 <= since;
}

function contentTypeOf(file: string): string {
  return contentTypes[extname(file).toLowerCase()] ?? 'application/octet-stream';
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.xml': 'application/xml',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.pdf': 'application/pdf',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.mp4': 'video/mp4',
  '.webm': 'video/webm',
};
