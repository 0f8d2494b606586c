"""nginx: forwarding alone, and a token check in Lua with a cache (`verify.lua`). Access log on, one worker."""

import pathlib

from stage import free_port

HERE = pathlib.Path(__file__).resolve().parent
CHECKED = """
    set $caller_sub "";
    access_by_lua_block { require("verify").check() }
    proxy_set_header Authorization "";
    proxy_set_header X-Caller-Sub $caller_sub;"""


def lua(keys):
    """Where Debian keeps the modules, and what is done once."""
    found = sorted(pathlib.Path("/usr/lib/nginx/modules").glob("*lua_module.so"))
    libraries = sorted(pathlib.Path("/usr/lib").glob("*/lua/5.1/cjson.so"))
    if not found or not libraries:
        raise RuntimeError("the Lua module of nginx, or cjson, is not installed")
    modules = "".join(f"load_module {found[0].parent}/{name};\n" for name in ("ndk_http_module.so", found[0].name))
    return modules, f"""
  lua_package_path "{HERE}/?.lua;;";
  lua_package_cpath "{libraries[0].parent}/?.so;;";
  lua_shared_dict tokens 64m;
  init_by_lua_block {{ require("verify").init("{keys}/rs256.pem") }}"""


class Nginx:
    """One master, one worker."""

    def __init__(self, stage, name, binary, checked):
        plain, tls = free_port(), free_port()
        self.ports = {"http1": plain, "http2": tls}
        modules, once = lua(stage.keys) if checked else ("", "")
        path = stage.write(f"{name}.conf", f"""
{modules}
daemon off;
worker_processes 1;
pid {stage.folder}/{name}.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log /dev/null combined;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_buffers 32 8k;
  proxy_temp_path {stage.folder}/{name}.proxy;
  client_body_temp_path {stage.folder}/{name}.body;
  fastcgi_temp_path {stage.folder}/{name}.fastcgi;
  uwsgi_temp_path {stage.folder}/{name}.uwsgi;
  scgi_temp_path {stage.folder}/{name}.scgi;
  {once}
  upstream agent {{
    server 127.0.0.1:{stage.agent};
    keepalive 256;
    keepalive_timeout 1h;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{plain};
    listen 127.0.0.1:{tls} ssl http2;
    ssl_certificate {stage.keys}/server.pem;
    ssl_certificate_key {stage.keys}/server.key;
    {CHECKED if checked else ""}
    {'proxy_set_header Connection "";' if checked else ""}
    location / {{ proxy_pass http://agent; }}
  }}
}}
""")
        self.binary = binary
        self.process = stage.start(name, [binary, "-e", "stderr", "-c", path], [plain, tls])

    def address(self, _service, _algorithm, protocol):
        return self.ports[protocol]
