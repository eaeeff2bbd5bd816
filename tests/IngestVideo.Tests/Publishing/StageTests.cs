using System.Buffers.Binary;
using System.Net;
using System.Text;
using FFMpegCore;
using IngestVideo.Publishing;
using IngestVideo.Status;
using IngestVideo.Tests.Transcoding;
using Microsoft.Extensions.DependencyInjection;
using Reelseal;
using Reelseal.Playlists;
using Reelseal.Storage;
using Reelseal.Testing;

namespace IngestVideo.Tests.Publishing;

/// <summary>A source that can be copied is playable as soon as its copy is in the store; the rest follows.</summary>
public sealed class StageTests : IAsyncLifetime
{
    private const int Limit = 300_000;
    private const string Copied = "360p", Encoded = "234p";
    private static readonly WriteCondition s_always = WriteCondition.None;

    private readonly TaskCompletionSource _encoded = new();
    private readonly List<string> _pointers = [];
    private readonly VideoId _id = VideoId.New();
    private IngestHost _host = null!;
    private DirectoryObjectStore _store = null!;
    private Func<string, Task> _beforePut = _ => Task.CompletedTask;

    public ValueTask InitializeAsync() => StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory(Timeout = Limit)]
    [InlineData("ts")]
    [InlineData("fmp4")]
    public async Task It_is_playable_whole_before_anything_is_encoded_and_stays_as_it_is(string format)
    {
        await StartAsync(change: null, ("SEGMENT_FORMAT", format));
        _beforePut = HoldEncoded;
        var source = await SourceAsync();
        var ingest = _host.PostAsync(source, _id);

        await _host.WaitForAsync(_id, status => status.Playable == true);
        var first = await PublishedVideo.ReadAsync(_host, _id);
        Assert.Equal(VideoState.Transcoding, first.Status.State);
        Assert.Equal(ObjectKeys.Multivariant(_id), first.Status.Playlist);
        Assert.Equal(PublicationStage.Playable, PublishedAttempt.Read(first.Multivariant)!.Stage);
        Assert.Equal([Copied], first.Status.Renditions.Where(rendition => rendition.Type == "video").Select(rendition => rendition.Name));
        Assert.DoesNotContain(await _host.KeysAsync(), key => key.Contains($"/{Encoded}/", StringComparison.Ordinal));
        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(first.Joined(Copied)));
        var seen = await FilesAsync(first);
        Assert.All(first.Streams.Variants.Concat(first.Streams.Sounds), rendition => Assert.True(rendition.Playlist.EndList));

        _encoded.SetResult();
        using var response = await ingest;

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var video = await PublishedVideo.ReadAsync(_host, _id);
        Assert.Equal((VideoState.Ready, true, first.Status.Attempt), (video.Status.State, video.Status.Playable, video.Status.Attempt));
        Assert.Equal(PublicationStage.Final, PublishedAttempt.Read(video.Multivariant)!.Stage);
        Assert.Equal(2, video.Variants.Count);
        var now = await FilesAsync(video);
        Assert.All(seen, file => Assert.Equal(file.Value, now[file.Key]));
        await StreamAssert.IsCorrectAsync(video, longestGap: 4.01);
    }

    [Theory(Timeout = Limit)]
    [InlineData("-c:a aac -b:a 128k", true)]
    [InlineData("-c:a aac -b:a 96k -ac 1 -ar 44100", true)]
    [InlineData("-c:a aac -b:a 96k -ar 32000", false)]
    [InlineData("-c:a aac -q:a 8", false)]
    [InlineData("-c:a aac -ac 6", false)]
    [InlineData("-c:a mp3", false)]
    [InlineData("-c:a aac -af atrim=end=6", false)] // it ends before the picture
    [InlineData("-c:a aac -af aselect=not(between(t\\,2\\,3))", false)] // a second is missing
    public async Task Sound_is_copied_where_every_player_knows_it_and_it_lasts_as_long_as_the_picture(string sound, bool isCopied)
    {
        _encoded.SetResult();
        var source = await SourceAsync($"sound-{Math.Abs(StringComparer.Ordinal.GetHashCode(sound))}.mp4", sound);

        Assert.Equal(isCopied, await IsSoundCopiedAsync(source));
    }

    [Theory(Timeout = Limit)]
    [InlineData(2, 2, true)]
    [InlineData(1, 2, false)] // as in a broadcast
    [InlineData(2, 1, false)]
    public async Task Sound_of_a_transport_stream_is_copied_where_its_channels_stay_the_same(int before, int after, bool isCopied)
    {
        _encoded.SetResult();
        var (first, second) = (await SoundAsync(before), await SoundAsync(after));
        var both = Path.ChangeExtension(first, $"{after}.aac");
        await File.WriteAllBytesAsync(both, [.. await File.ReadAllBytesAsync(first), .. await File.ReadAllBytesAsync(second)]);
        var source = await Clip.MakeAsync("sound.ts", $"-i {await SourceAsync()} -i {both} -map 0:v -map 1:a -c copy");

        Assert.Equal(isCopied, await IsSoundCopiedAsync(source));

        static Task<string> SoundAsync(int channels) =>
            Clip.MakeAsync("part.aac", $"-f lavfi -i sine=r=48000:d=7 -ac {channels} -c:a aac -b:a 96k -frames:a 328");
    }

    [Fact(Timeout = Limit)]
    public async Task Sound_with_two_descriptions_is_not_copied()
    {
        _encoded.SetResult();
        var bytes = await File.ReadAllBytesAsync(await SourceAsync());
        // A second sample entry like the first (ISO/IEC 14496-12, 8.5.2). The index comes last in the file, so nothing else moves.
        var entry = bytes.AsSpan().LastIndexOf("mp4a"u8) - 4;
        var copy = bytes.AsSpan(entry, Length(entry)).ToArray();
        var track = bytes.AsSpan(0, entry).LastIndexOf("trak"u8);
        foreach (var box in (string[])["moov", "trak", "mdia", "minf", "stbl", "stsd"])
        {
            var at = box == "moov" ? bytes.AsSpan(0, track).LastIndexOf("moov"u8) : track + bytes.AsSpan(track).IndexOf(Encoding.ASCII.GetBytes(box));
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at - 4), Length(at - 4) + copy.Length);
        }
        bytes[entry - 1] = 2; // the number of entries
        var source = Path.ChangeExtension(await SourceAsync(), "two.mp4");
        await File.WriteAllBytesAsync(source, [.. bytes[..entry], .. copy, .. bytes[entry..]]);

        Assert.False(await IsSoundCopiedAsync(source));

        int Length(int box) => BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(box));
    }

    [Fact(Timeout = Limit)]
    public async Task A_copy_that_turns_out_damaged_after_it_was_playable_is_withdrawn_and_made_again_under_another_attempt()
    {
        await StartAsync(change: null, ("X264_PRESET", "slow"));
        _encoded.SetResult();
        var source = await DamagedAsync(await SourceAsync());

        using var response = await _host.PostAsync(source, _id);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var stages = _pointers.ConvertAll(pointer => PublishedAttempt.Read(pointer)!.Stage);
        Assert.Equal([PublicationStage.Playable, PublicationStage.Withdrawn], stages.Take(2)); // then perhaps the beginning of all, where it takes long
        Assert.Equal(PublicationStage.Final, stages[^1]);
        var video = await PublishedVideo.ReadAsync(_host, _id);
        Assert.NotEqual(PublishedAttempt.Read(_pointers[0])!.Attempt, video.Status.Attempt);
        Assert.All(await _host.KeysAsync(), key => Assert.True(
            key.StartsWith("status/", StringComparison.Ordinal) || key == ObjectKeys.Multivariant(_id)
                || key.StartsWith(ObjectKeys.Attempt(_id, video.Status.Attempt), StringComparison.Ordinal), key));
        Assert.NotEqual(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined(Copied)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_deletion_while_it_is_playable_leaves_nothing()
    {
        _beforePut = HoldEncoded;
        var ingest = _host.PostAsync(await SourceAsync(), _id);
        await _host.WaitForAsync(_id, status => status.Playable == true);

        using var deletion = await _host.Client.DeleteAsync(new Uri($"/videos/{_id}", UriKind.Relative));
        _encoded.SetResult();
        using var response = await ingest;

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Conflict), (deletion.StatusCode, response.StatusCode));
        await _host.AssertNothingIsLeftAsync();
    }

    [Theory(Timeout = Limit)]
    [InlineData(1)] // just before it becomes playable
    [InlineData(2)] // just before it is complete
    public async Task A_deletion_just_before_the_playlist_is_written_leaves_nothing(int write)
    {
        _encoded.SetResult();
        var writes = 0;
        _beforePut = key => key == ObjectKeys.Multivariant(_id) && ++writes == write ? RemoveAsync() : Task.CompletedTask;

        using var response = await _host.PostAsync(await SourceAsync(), _id);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        await _host.AssertNothingIsLeftAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task A_video_that_is_deleted_and_sent_again_while_its_playlist_is_written_does_not_come_back()
    {
        _encoded.SetResult();
        var (statuses, writes) = (new StatusStore(_store), 0);
        _beforePut = async key =>
        {
            if (key != ObjectKeys.Multivariant(_id) || ++writes > 1)
                return;
            var deleted = (await statuses.ReadAsync(_id, CancellationToken.None))!.Status;
            await RemoveAsync();
            var next = deleted with { Attempt = "fedcba9876543210", Created = deleted.Created.AddSeconds(1), State = VideoState.Receiving, Playable = null };
            await statuses.WriteAsync(_id, next, s_always, CancellationToken.None);
        };

        using var response = await _host.PostAsync(await SourceAsync(), _id);

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        var pointer = PublishedAttempt.Read(await File.ReadAllTextAsync(Path.Combine(_host.StoreDirectory, ObjectKeys.Multivariant(_id))))!;
        Assert.Equal(PublicationStage.Withdrawn, pointer.Stage);
        var keys = (await _host.KeysAsync()).Where(key => !key.StartsWith(ObjectKeys.ListingPrefix, StringComparison.Ordinal));
        Assert.Equal([ObjectKeys.Status(_id), ObjectKeys.Multivariant(_id)], keys);
    }

    [Fact(Timeout = Limit)]
    public async Task A_playlist_that_is_written_after_its_worker_gave_up_names_what_is_there()
    {
        _encoded.SetResult();
        await StartAsync(store => new ChangedStore(
            store, key => key == ObjectKeys.Multivariant(_id) ? throw new UpstreamException("No answer.", timedOut: true) : Task.CompletedTask));

        using var response = await _host.PostAsync(await SourceAsync(), _id);
        // The write comes through all the same.
        var folder = Directory.EnumerateDirectories(Path.Combine(_host.StoreDirectory, "videos", $"{_id}")).Single();
        await PutAsync(ObjectKeys.Multivariant(_id), Pointer(Path.GetFileName(folder), PublicationStage.Playable));

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        var playlist = Path.Combine(folder, Copied, "playlist.m3u8");
        Assert.All(MediaPlaylist.Read(await File.ReadAllTextAsync(playlist)).Uris, name => Assert.True(File.Exists(Path.Combine(folder, Copied, name)), name));
    }

    [Theory(Timeout = Limit)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_lost_answer_to_the_playlist_is_noticed(int write)
    {
        _encoded.SetResult();
        var writes = 0;
        await StartAsync(store => new OutageStore(
            store, (method, key) => method == "PUT" && key == ObjectKeys.Multivariant(_id) && ++writes == write, TimeSpan.FromSeconds(1), answerIsLost: true));

        using var response = await _host.PostAsync(await SourceAsync(), _id);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        await StreamAssert.IsCorrectAsync(await PublishedVideo.ReadAsync(_host, _id), longestGap: 4.01);
    }

    [Fact(Timeout = Limit)]
    public async Task A_worker_that_is_overtaken_while_it_is_playable_leaves_what_viewers_have_to_its_successor()
    {
        _beforePut = HoldEncoded;
        var ingest = _host.PostAsync(await SourceAsync(), _id);
        await _host.WaitForAsync(_id, status => status.Playable == true);
        var first = await PublishedVideo.ReadAsync(_host, _id);

        // Another worker takes the video over, as it may once this one has been silent for long.
        var statuses = new StatusStore(_store);
        await statuses.WriteAsync(
            _id, first.Status with { Attempt = "fedcba9876543210", State = VideoState.Receiving, Updated = DateTimeOffset.UtcNow }, s_always,
            CancellationToken.None);
        _encoded.SetResult();
        using var response = await ingest;

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
        Assert.Equal(first.Multivariant, (await PublishedVideo.ReadAsync(_host, _id)).Multivariant);
        Assert.Equal(await Clip.PicturesHashAsync(await SourceAsync()), await Clip.PicturesHashAsync(first.Joined(Copied)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_successor_completes_what_a_dead_worker_made_playable_and_viewers_of_that_are_not_interrupted()
    {
        _encoded.SetResult();
        using var first = await _host.PostAsync(await SourceAsync(), _id);
        var dead = await PublishedVideo.ReadAsync(_host, _id);
        var stage = PublicationStages.TagOf(PublicationStage.Playable);
        // As it was a moment before the end.
        await PutAsync(ObjectKeys.Multivariant(dead.Id),
            dead.Multivariant.Replace("#EXT-X-INDEPENDENT-SEGMENTS\n", "#EXT-X-INDEPENDENT-SEGMENTS\n" + stage, StringComparison.Ordinal));
        var silent = dead.Status with { State = VideoState.Transcoding, Updated = DateTimeOffset.UtcNow.AddHours(-1) };
        await new StatusStore(_store).WriteAsync(dead.Id, silent, s_always, CancellationToken.None);
        _pointers.Clear();

        using var response = await _host.InsistAsync(await SourceAsync(), dead.Id);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        // It offers no more than what is there until it is complete.
        Assert.Equal([PublicationStage.Final], _pointers.Select(pointer => PublishedAttempt.Read(pointer)!.Stage));
        var video = await PublishedVideo.ReadAsync(_host, dead.Id);
        Assert.NotEqual(dead.Status.Attempt, video.Status.Attempt);
        await StreamAssert.IsCorrectAsync(video, longestGap: 4.01);
        Assert.Equal(await Clip.PicturesHashAsync(await SourceAsync()), await Clip.PicturesHashAsync(dead.Joined(Copied)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_worker_that_died_between_the_manifest_and_the_playlist_is_adopted_only_when_the_playlist_is_final()
    {
        _encoded.SetResult();
        var done = await _host.IngestAsync(await SourceAsync());
        var silent = done.Status with
        {
            State = VideoState.Transcoding, Updated = DateTimeOffset.UtcNow.AddHours(-1), Poster = null, Storyboard = null, Renditions = [], Duration = null,
        };
        await new StatusStore(_store).WriteAsync(done.Id, silent, s_always, CancellationToken.None);

        using var response = await _host.InsistAsync(await SourceAsync(), done.Id);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var adopted = (await PublishedVideo.ReadAsync(_host, done.Id)).Status;
        Assert.Equal(
            (VideoState.Ready, done.Status.Attempt, done.Status.Poster, done.Status.Storyboard, done.Status.Duration, done.Status.Renditions.Count),
            (adopted.State, adopted.Attempt, adopted.Poster, adopted.Storyboard, adopted.Duration, adopted.Renditions.Count));
    }

    [Fact(Timeout = Limit)]
    public async Task Only_the_worker_that_has_seen_the_last_playlist_can_replace_it()
    {
        var (zombie, next) = (new Publication(_store, _id, "0123456789abcdef"), new Publication(_store, _id, "fedcba9876543210"));
        Assert.True(await zombie.TryPublishAsync(Pointer("0123456789abcdef", PublicationStage.Playable), PublicationStage.Playable, CancellationToken.None));
        await next.LookAsync(CancellationToken.None);
        Assert.True(await next.TryPublishAsync(Pointer("fedcba9876543210", PublicationStage.Final), PublicationStage.Final, CancellationToken.None));

        Assert.False(await zombie.TryPublishAsync(Pointer("0123456789abcdef", PublicationStage.Final), PublicationStage.Final, CancellationToken.None));
        Assert.False(await zombie.TryWithdrawAsync("0123456789abcdef", CancellationToken.None));

        Assert.Equal(("fedcba9876543210", PublicationStage.Final), (zombie.Seen!.Attempt, zombie.Seen.Stage));
        Assert.False(zombie.IsVisible);
    }

    private static string Pointer(string attempt, PublicationStage stage) =>
        $"#EXTM3U\n{PublicationStages.TagOf(stage)}#EXT-X-STREAM-INF:BANDWIDTH=1\n{attempt}/{Copied}/playlist.m3u8\n";

    private static Task<string> SourceAsync(string name = "stage.mp4", string sound = "-c:a aac -b:a 128k") => Clip.MakeAsync(
        name,
        $"-f lavfi -i testsrc2=s=640x360:r=30:d=14,{CopyTests.Tags} -f lavfi -i anoisesrc=d=14:r=48000:a=0.1 -ac 2 {sound}"
        + " -c:v libx264 -pix_fmt yuv420p -preset veryfast -b:v 250k -colorspace bt709 -color_trc bt709 -color_primaries bt709"
        + " -g 60 -keyint_min 60 -sc_threshold 0");

    /// <summary>The same MP4, whose packets are whole, but of which the last 30 pictures cannot be decoded without errors.</summary>
    internal static async Task<string> DamagedAsync(string whole)
    {
        var packets = (await FFProbe.GetPacketsAsync(whole)).Packets.Where(packet => packet.CodecType == "video");
        var bytes = await File.ReadAllBytesAsync(whole);
        foreach (var packet in packets.TakeLast(30).Where(packet => !packet.Flags.Contains('K', StringComparison.Ordinal)))
        {
            for (var at = packet.Pos + 32; at < packet.Pos + packet.Size; at++)
                bytes[at] ^= 0x5a;
        }
        var damaged = Path.ChangeExtension(whole, "damaged.mp4");
        await File.WriteAllBytesAsync(damaged, bytes);
        return damaged;
    }

    private async Task<bool> IsSoundCopiedAsync(string source)
    {
        var video = await _host.IngestAsync(source);
        await StreamAssert.IsCorrectAsync(video, longestGap: 4.01);
        Assert.Equal(await Clip.PicturesHashAsync(source), await Clip.PicturesHashAsync(video.Joined(Copied)));
        string[] withoutHeaders = ["-bsf:a", "aac_adtstoasc"];
        var before = await PacketsHashAsync(source, Path.GetExtension(source) == ".ts" ? withoutHeaders : []);
        return before == await PacketsHashAsync(video.Joined(video.Status.Renditions.Single(rendition => rendition.Type == "audio").Name), withoutHeaders);
    }

    private static Task<string> PacketsHashAsync(string source, params string[] filter) =>
        Ffmpeg.RunAsync(["-i", source, "-map", "0:a:0", "-c", "copy", .. filter, "-f", "md5", "-"]);

    private static async Task<Dictionary<string, string>> FilesAsync(PublishedVideo video)
    {
        var folder = Path.Combine(video.Folder, video.Status.Attempt);
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            files.Add(Path.GetRelativePath(folder, path),
                Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(path))));
        return files;
    }

    private Task HoldEncoded(string key) => key.Contains($"/{Encoded}/", StringComparison.Ordinal) ? _encoded.Task : Task.CompletedTask;

    private Task<bool> RemoveAsync() => _host.Services.GetRequiredService<VideoRemover>().RemoveAsync(_id, CancellationToken.None);

    private async Task PutAsync(string key, string text) =>
        await _store.PutAsync(key, new MemoryStream(Encoding.UTF8.GetBytes(text)), s_always, CancellationToken.None);

    private async Task RecordAsync(string key)
    {
        if (key == ObjectKeys.Multivariant(_id))
            _pointers.Add(await File.ReadAllTextAsync(Path.Combine(_host.StoreDirectory, key)));
    }

    /// <summary>Starts the function, in place of the one that ran before.</summary>
    private async ValueTask StartAsync(Func<IObjectStore, IObjectStore>? change = null, params (string Name, string Value)[] settings)
    {
        if (_host is not null)
            await _host.DisposeAsync();
        var root = Directory.CreateTempSubdirectory("reelseal-test-").FullName;
        _store = new DirectoryObjectStore(Path.Combine(root, "store"), TimeSpan.FromSeconds(5));
        var store = change is null ? new ChangedStore(_store, key => _beforePut(key), RecordAsync) : change(_store);
        _host = await IngestHost.StartAsync(root, services => services.AddSingleton(store), settings);
    }
}
