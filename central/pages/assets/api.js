// Asks the API with the reader's login; a login that has ended leads to the door.
export class Trouble extends Error {}

export async function ask(path, parameters = {}) {
  const query = new URLSearchParams(parameters).toString();
  let answer;
  try {
    answer = await fetch(query ? `${path}?${query}` : path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Trouble("");
  }
  if (answer.status === 401) location.assign("/login");
  if (!answer.ok) throw new Trouble(await answer.json().then((problem) => problem.detail, () => answer.statusText));
  return answer.json();
}

// A live stream's events, while the page is looked at: hidden tabs let go of it (a browser grants six to a server).
export class Stream {
  constructor(path, onEvent) {
    Object.assign(this, { path, onEvent, source: null });
    this.onVisibility = () => (document.hidden ? this.pause() : this.listen());
    document.addEventListener("visibilitychange", this.onVisibility);
    this.listen();
  }

  listen() {
    if (this.source) return;
    this.source = new EventSource(this.path);
    this.source.addEventListener("live", (event) => this.onEvent(JSON.parse(event.data)));
    this.source.onerror = () => {
      if (this.source?.readyState !== EventSource.CLOSED) return;  // it tries again by itself
      this.pause();
      this.again = setTimeout(() => this.listen(), 3000);
    };
  }

  pause() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = null;
  }

  end() {
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.pause();
  }
}
