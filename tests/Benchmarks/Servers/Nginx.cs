using System.IO.Compression;

namespace Reelseal.Benchmarks.Servers;

/// <summary>nginx with one worker, serving one file that is compressed already: as little as a server can do for an answer.</summary>
internal static class Nginx
{
    public static Task<ServerProcess> StartAsync(string folder, byte[] gzip)
    {
        Directory.CreateDirectory(folder);
        using (var plain = new GZipStream(new MemoryStream(gzip), CompressionMode.Decompress))
        using (var file = File.Create(Path.Combine(folder, "playlist.m3u8")))
            plain.CopyTo(file);
        File.WriteAllBytes(Path.Combine(folder, "playlist.m3u8.gz"), gzip);
        return ServerProcess.StartAsync(
            port =>
            {
                var configuration = Path.Combine(folder, "nginx.conf");
                File.WriteAllText(configuration, $$"""
                    daemon off;
                    {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
                    worker_processes 1;
                    pid {{folder}}/nginx.pid;
                    error_log stderr;
                    events { worker_connections 1024; }
                    http {
                      access_log off;
                      sendfile on;
                      keepalive_requests 1000000;
                      types { application/vnd.apple.mpegurl m3u8; }
                      server {
                        listen 127.0.0.1:{{port}};
                        root {{folder}};
                        gzip_static on;
                      }
                    }
                    """);
                return ["nginx", "-p", folder, "-c", configuration];
            },
            _ => []);
    }
}
