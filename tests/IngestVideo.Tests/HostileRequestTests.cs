using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using System.Text.RegularExpressions;
using IngestVideo.Processes;
using IngestVideo.Status;
using Reelseal;
using Reelseal.Testing;

namespace IngestVideo.Tests;

/// <summary>Hostile requests: each is refused within bounds, opens nothing and reveals nothing.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class HostileRequestTests
{
    private const int Limit = 300_000;

    [Fact(Timeout = Limit)]
    public async Task A_sender_of_a_byte_now_and_then_does_not_keep_a_place()
    {
        await using var host = await IngestHost.StartAsync(("MAX_TRANSCODES", "1"), ("UPLOAD_IDLE_TIMEOUT", "2s"));
        using var connection = new TcpClient();
        await connection.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
        var stream = connection.GetStream();
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {IngestHost.Token()}\r\nTransfer-Encoding: chunked\r\n\r\n"));
        var answer = new StreamReader(stream).ReadLineAsync();
        var since = Stopwatch.StartNew();
        while (!answer.IsCompleted && since.Elapsed < TimeSpan.FromSeconds(60))
        {
            try
            {
                await stream.WriteAsync("1\r\nx\r\n"u8.ToArray());
            }
            catch (IOException)
            {
                break; // it has hung up
            }
            await Task.Delay(200);
        }

        Assert.True(since.Elapsed < TimeSpan.FromSeconds(60), "It kept its place for as long as it sent.");
        Assert.StartsWith("HTTP/1.1 408", await answer, StringComparison.Ordinal);
        using var next = await host.PostAsync(await Clip.SimpleAsync());
        Assert.Equal(HttpStatusCode.Created, next.StatusCode);
    }

    /// <summary>
    /// Bodies of edits are read into memory: of none before it has a place there, and of none for a video that does not exist. A poster takes the place of an
    /// ingest, whose memory it needs.
    /// </summary>
    [Theory(Timeout = Limit)]
    [InlineData("subtitles/en", 2, "1\n00:00:00,000 --> 00:00:00,400\nNow\n", "application/x-subrip")]
    [InlineData("poster", 1, "{\"time\":0}", "application/json")]
    public async Task Many_slow_senders_of_edits_take_no_more_memory_than_few(string route, int places, string content, string type)
    {
        await using var host = await IngestHost.StartAsync(("MAX_TRANSCODES", "1"));
        var video = await host.IngestAsync(await Clip.SimpleAsync());
        var slow = new List<TcpClient>();
        try
        {
            for (var number = 0; number < places; number++)
                slow.Add(await BeginPutAsync(host, $"/videos/{video.Id}/{route}", "HTTP/1.1 100")); // now it is being read
            for (var number = 0; number < 3; number++)
                slow.Add(await BeginPutAsync(host, $"/videos/{video.Id}/{route}", "HTTP/1.1 429"));
            slow.Add(await BeginPutAsync(host, $"/videos/{VideoId.New()}/{route}", "HTTP/1.1 404"));
            using var refused = await PutAsync();
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
            using var ingest = await host.PostAsync(await Clip.SimpleAsync());
            Assert.Equal(route == "poster" ? HttpStatusCode.TooManyRequests : HttpStatusCode.Created, ingest.StatusCode);
        }
        finally
        {
            slow.ForEach(connection => connection.Dispose());
        }
        HttpStatusCode status;
        do
        {
            using var answer = await PutAsync();
            status = answer.StatusCode;
        }
        while (status == HttpStatusCode.TooManyRequests); // until the server sees that they have gone
        Assert.Equal(HttpStatusCode.OK, status);

        async Task<HttpResponseMessage> PutAsync()
        {
            using var body = new StringContent(content, Encoding.UTF8, type);
            return await host.Client.PutAsync($"/videos/{video.Id}/{route}", body, TestContext.Current.CancellationToken);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("#EXTM3U\n#EXTINF:1,\nURL\n#EXTINF:1,\nfile:FILE\n#EXT-X-ENDLIST\n")]
    [InlineData("ffconcat version 1.0\nfile 'URL'\nfile 'FILE'\n")]
    [InlineData("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><BaseURL>URL</BaseURL></Period></MPD>")]
    [InlineData("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\na=control:URL\r\n")]
    [InlineData("[playlist]\nFile1=URL\nFile2=FILE\n")]
    [InlineData("\0\0\0\u0018ftypisom\0\0\u0002\0isomiso2\n#EXTM3U\n#EXTINF:1,\nURL\n#EXTINF:1,\nfile:FILE\n")]
    [InlineData("\0\0\0\u0018ftypqt  \0\0\u0002\0qt  qt  \0\0\0\u0010rmra....URL FILE")]
    [InlineData("FLV\u0001\u0005\0\0\0\u0009\0\0\0\0#EXTM3U\n#EXTINF:1,\nURL\nfile:FILE\n")]
    [InlineData("OggS#EXTM3U\n#EXTINF:1,\nURL\nfile:FILE\n")]
    [InlineData("RIFF\u00ff\0\0\0AVI #EXTM3U\n#EXTINF:1,\nURL\nfile:FILE\n")]
    [InlineData("subfile,,start,0,end,100,,:FILE")]
    public async Task A_file_that_names_addresses_and_files_opens_neither(string content)
    {
        const string secret = "the canary's song";
        await using var host = await IngestHost.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var canary = Path.Combine(host.Root, "canary");
        await File.WriteAllTextAsync(canary, secret);
        var bytes = Encoding.Latin1.GetBytes(
            content.Replace("URL", $"http://{listener.LocalEndpoint}/x.ts", StringComparison.Ordinal).Replace("FILE", canary, StringComparison.Ordinal));

        using var answer = await host.PostAsync(new MemoryStream(bytes));

        Assert.InRange((int)answer.StatusCode, 400, 422);
        var body = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("canary", body, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Root, body, StringComparison.Ordinal);
        Assert.False(listener.Pending());
        await host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Names_and_titles_inject_nothing_into_playlists_statuses_and_headers()
    {
        const string evil = "x\",URI=\"https://evil.example/x.m3u8\"\r\nX-Evil: yes\r\n#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"y\u001b[2J";
        await using var host = await IngestHost.StartAsync();
        var metadata = Path.Combine(host.Root, "metadata");
        var escaped = evil.Replace("\r", "", StringComparison.Ordinal).Replace("=", "\\=", StringComparison.Ordinal)
            .Replace("#", "\\#", StringComparison.Ordinal).Replace("\n", "\\\n", StringComparison.Ordinal);
        await File.WriteAllTextAsync(metadata, $";FFMETADATA1\ntitle={escaped}\n[STREAM]\ntitle={escaped}\nlanguage={escaped}\n");
        var clip = await Clip.MakeAsync(
            "evil.mkv",
            $"-f lavfi -i testsrc2=s=128x96:d=2:r=10 -f lavfi -i sine=d=2 -f lavfi -i sine=d=2 -f ffmetadata -i {metadata} -map 0 -map 1 -map 2 "
            + "-map_metadata 3 -map_metadata:s:a:0 3:s:0 -map_metadata:s:v:0 3:s:0 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");
        var id = VideoId.New();

        using var answer = await host.PostAsync(clip, id, "?title=" + Uri.EscapeDataString(evil));

        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        using var asked = await host.Client.GetAsync($"/videos/{id}");
        Assert.Contains("evil", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal); // it did get there
        foreach (var head in (string[])[$"{answer.Headers}{answer.Content.Headers}", $"{asked.Headers}{asked.Content.Headers}"])
            Assert.DoesNotContain("evil", head, StringComparison.OrdinalIgnoreCase);
        var status = await host.WaitForAsync(id, status => status.State == VideoState.Ready);
        Assert.DoesNotContain(status.Title!, char.IsControl);
        foreach (var key in (await host.KeysAsync()).Where(key => key.EndsWith(".m3u8", StringComparison.Ordinal)))
        {
            await using var stored = await host.Store.GetAsync(key, range: null, unlessETag: null, CancellationToken.None);
            using var reader = new StreamReader(stored!.Content);
            foreach (var line in (await reader.ReadToEndAsync()).Split('\n'))
            {
                Assert.DoesNotContain(line, char.IsControl);
                // Where the name of the other host is left at all, it stands within quotes.
                var outside = string.Concat(line.Split('"').Where((_, number) => number % 2 == 0));
                Assert.DoesNotContain("evil", outside, StringComparison.Ordinal);
                Assert.DoesNotContain("URI=\"https://evil", line, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>Sends the head of a request, and waits for the first line of the answer; 100 when the server begins to read the body.</summary>
    private static async Task<TcpClient> BeginPutAsync(IngestHost host, string path, string expected)
    {
        var connection = new TcpClient();
        await connection.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
        var stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"PUT {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {IngestHost.Token()}\r\nContent-Type: image/jpeg\r\nContent-Length: 8000000\r\n"
            + "Expect: 100-continue\r\n\r\n"));
        Assert.StartsWith(expected, await new StreamReader(stream).ReadLineAsync(), StringComparison.Ordinal);
        return connection;
    }

    [Fact]
    public void Output_of_ffmpeg_about_a_strangers_file_moves_no_cursor() => Assert.Equal(
        "Unknown tag [2Jforged",
        FfmpegErrors.Reason(new ProcessResult(1, ["[mov @ 0x55d0] Unknown tag \u001b[2J\rforged"]), "/scratch/source"));

    [Fact(Timeout = 2 * Limit)]
    public async Task Every_program_that_reads_a_strangers_file_knows_no_secret_has_no_network_and_its_own_limits()
    {
        await using var host = await IngestHost.StartAsync();
        using var programs = new HeldPrograms();
        await using var worker = await WorkerProcess.StartAsync(host, ("PATH", programs.SearchPath), ("MAX_TRANSCODE_TIME", "100s"));
        // One that may be copied, so that its packets are looked at, too.
        var clip = await Clip.MakeAsync(
            "fit.mp4",
            $"-f lavfi -i testsrc2=s=640x360:r=30:d=2,{Transcoding.CopyTests.Tags} -f lavfi -i sine=d=2 -c:v libx264 -pix_fmt yuv420p -g 60 -c:a aac");
        var posting = host.PostAsync(clip, VideoId.New(), client: worker.Client);
        var seen = new List<string>();

        while (await programs.NextAsync(posting) is { } program)
        {
            var cpuTime = await CheckAsync(program.Id, Path.Combine(host.Root, "secrets"));
            if (program.Arguments.Any(word => word.EndsWith("/source", StringComparison.Ordinal)))
                CheckInput(program.Arguments);
            else
                Assert.Equal(["poster.ts", "storyboard.ts"], program.Arguments.Where(word => word.EndsWith(".ts", StringComparison.Ordinal))); // our own
            seen.Add($"{program.Name} {cpuTime} s");
            programs.Release(program);
        }

        using var answer = await posting;
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        // What it is, how long it is, whether its sound can be mixed, its packets, the encoding, and the stills.
        Assert.Equal(
            new[] { "ffprobe 60 s", "ffmpeg 600 s", "ffmpeg 30 s", "ffprobe 120 s", "ffmpeg 120 s",
                $"ffmpeg {100 * Environment.ProcessorCount} s", "ffmpeg 300 s" }.Order(StringComparer.Ordinal),
            seen.Order(StringComparer.Ordinal));
    }

    [Fact(Timeout = 2 * Limit)]
    public async Task Programs_start_threads_for_the_processors_of_the_container_and_not_of_the_node()
    {
        await using var host = await IngestHost.StartAsync();
        using var programs = new HeldPrograms();
        // As a limit of seven processors makes .NET count.
        await using var worker = await WorkerProcess.StartAsync(host, ("PATH", programs.SearchPath), ("DOTNET_PROCESSOR_COUNT", "7"));
        var clip = await Clip.MakeAsync("seven.mp4", "-f lavfi -i testsrc2=s=640x360:r=30:d=1 -c:v libx264");
        var posting = host.PostAsync(clip, VideoId.New(), client: worker.Client);
        var threads = new List<string>();

        while (await programs.NextAsync(posting) is { } program)
        {
            Assert.Equal("7", program.Arguments[program.Arguments.ToList().IndexOf("-cpucount") + 1]);
            threads.AddRange(program.Arguments.Zip(program.Arguments.Skip(1)).Where(pair => pair.First == "-threads").Select(pair => pair.Second));
            programs.Release(program);
        }

        using var answer = await posting;
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        // 360p and 234p: three for two processors, but no more than the smaller picture has pairs of rows.
        Assert.Equal(["10", "7"], threads);
    }

    [Fact(Timeout = 2 * Limit)]
    public async Task In_a_container_without_namespaces_and_capabilities_a_program_still_gains_no_privileges_and_dies_with_the_function()
    {
        await using var host = await IngestHost.StartAsync();
        using var programs = new HeldPrograms();
        using var refusals = new TemporaryDirectory();
        // As Docker and Kubernetes start a function by default: unshare is refused, and so is changing the bounding set.
        Stub("unshare", "exit 1");
        Stub("setpriv", "case \"$*\" in *--bounding-set*) exit 127 ;; esac; exec /usr/bin/setpriv \"$@\"");
        await using var worker = await WorkerProcess.StartAsync(host, ("PATH", $"{refusals.Path}:{programs.SearchPath}"));
        var posting = host.PostAsync(await Clip.MakeAsync("small.mp4", "-f lavfi -i testsrc2=s=320x180:r=30:d=1 -c:v libx264"), client: worker.Client);

        var program = await programs.NextAsync(posting);
        Assert.NotNull(program);
        Assert.Contains("NoNewPrivs:\t1", await File.ReadAllTextAsync($"/proc/{program.Id}/status"), StringComparison.Ordinal);
        var secrets = Path.Combine(host.Root, "secrets");
        Assert.NotEmpty(Directory.GetFiles(secrets)); // not hidden from the function itself
        Assert.DoesNotContain($" {secrets} ", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
        await worker.KillAsync();

        while (!RunningPrograms.HasEnded(program.Id))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<HttpRequestException>(() => posting);

        void Stub(string name, string script)
        {
            var path = Path.Combine(refusals.Path, name);
            File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }
    }

    /// <summary>A container by its name and no other, from files and nothing else, with a bound on streams and pixels; and no second input.</summary>
    private static void CheckInput(IReadOnlyList<string> arguments)
    {
        var options = new IngestOptions();
        string[] expected = ["-f", "mov", "-format_whitelist", "mov", "-protocol_whitelist", "file",
            "-max_streams", $"{options.MaxStreams + 1}", "-max_pixels", $"{options.MaxPixels}", "-cpucount", $"{Environment.ProcessorCount}"];
        var input = arguments.TakeWhile(word => word != "-i").ToList();
        var from = input.IndexOf("-format_whitelist") - 2;
        Assert.Equal(expected, input.Skip(from).Take(expected.Length));
        foreach (var option in (string[])["-i", "-format_whitelist", "-protocol_whitelist", "-max_streams", "-max_pixels"])
            Assert.Single(arguments, option);
    }

    /// <returns>The limit on its processor time, in seconds.</returns>
    private static async Task<int> CheckAsync(int process, string secrets)
    {
        Assert.Equal("", await File.ReadAllTextAsync($"/proc/{process}/environ"));
        var command = await File.ReadAllTextAsync($"/proc/{process}/cmdline");
        Assert.DoesNotContain(IngestHost.Key, command, StringComparison.Ordinal);
        Assert.DoesNotContain("eyJ", command, StringComparison.Ordinal); // how each token begins
        Assert.NotEqual(new FileInfo("/proc/self/ns/net").LinkTarget, new FileInfo($"/proc/{process}/ns/net").LinkTarget);
        // More for what only adds qualities; and 19 is the most.
        var own = RunningPrograms.NicenessOf(await File.ReadAllTextAsync("/proc/self/stat"));
        var niceness = RunningPrograms.NicenessOf(await File.ReadAllTextAsync($"/proc/{process}/stat"));
        Assert.Contains(niceness, (int[])[Math.Min(own + 10, 19), Math.Min(own + 15, 19)]);
        var limits = await File.ReadAllTextAsync($"/proc/{process}/limits");
        Assert.Matches($@"Max data size +{new IngestOptions().FfmpegMemoryBytes} ", limits);
        Assert.Matches(@"Max stack size +2097152 ", limits);
        Assert.Matches(@"Max core file size +0 ", limits);
        Assert.Matches(@"Max file size +\d+ ", limits);
        Assert.Contains("NoNewPrivs:\t1", await File.ReadAllTextAsync($"/proc/{process}/status"), StringComparison.Ordinal);
        Assert.Contains($" {secrets} ", await File.ReadAllTextAsync($"/proc/{process}/mountinfo"), StringComparison.Ordinal); // nothing of it is seen
        return int.Parse(Regex.Match(limits, @"Max cpu time +(\d+) +\1 ").Groups[1].Value, CultureInfo.InvariantCulture);
    }
}
