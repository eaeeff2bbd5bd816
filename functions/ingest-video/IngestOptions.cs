using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using IngestVideo.Media;
using Reelseal.Storage;

namespace IngestVideo;

/// <summary>The settings of ingest-video, read and checked once at start.</summary>
public sealed record IngestOptions
{
    /// <summary>The largest source, in bytes.</summary>
    public long MaxUploadBytes { get; init; } = 5L << 30;

    /// <summary>How long an upload may stall before it is aborted.</summary>
    public TimeSpan UploadIdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How many videos are ingested at once; one more is answered 429.</summary>
    public int MaxTranscodes { get; init; } = 2;

    /// <summary>The qualities that are offered.</summary>
    public Ladder Ladder { get; init; } = Ladder.Default;

    public SegmentFormat SegmentFormat { get; init; }

    /// <summary>The qualities of which a file to keep is made: names of the ladder. Empty: none are made.</summary>
    public IReadOnlyList<string> Downloads { get; init; } = [];

    /// <summary>Where workspaces are made. It must hold <see cref="MaxTranscodes"/> sources.</summary>
    public string WorkDirectory { get; init; } = Path.GetTempPath();

    /// <summary>How often the status is written. It shows progress, and keeps other workers from taking the video over.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// How long an attempt stays that was playable until another one completed the video: as long as players may start from its playlists, and more.
    /// </summary>
    public TimeSpan ReplacedAttemptLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long the store may take to answer.</summary>
    public TimeSpan StoreTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How old, by the store's clock, the last heartbeat of a claim may be: one that the store does not answer in time, the next one, and one to spare. A
    /// second more, because S3 counts in whole seconds.
    /// </summary>
    public TimeSpan ClaimLifetime => StoreTimeout + 3 * HeartbeatInterval + TimeSpan.FromSeconds(1);

    /// <summary>The longest video.</summary>
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromHours(4);

    /// <summary>The most pixels that a picture of the source may have.</summary>
    public long MaxPixels { get; init; } = 8192L * 4608;

    /// <summary>The most streams that a source may have.</summary>
    public int MaxStreams { get; init; } = 64;

    /// <summary>How long ffmpeg may run on one video. Time in which it is stopped because the store is slow does not count.</summary>
    public TimeSpan MaxTranscodeTime { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How much memory each ffmpeg may have, in bytes. By default an equal share of the container's.</summary>
    public long FfmpegMemoryBytes { get; init; } = MemoryBudget.ForEachFfmpeg(MemoryBudget.ContainerBytes(), transcodes: 2);

    /// <summary>
    /// How many bytes may wait on disk for the store. More, and ffmpeg is stopped until a third of it is left; with what it writes until that is noticed, 64
    /// MiB are enough.
    /// </summary>
    public long MaxUnpublishedBytes { get; init; } = 24L << 20;

    /// <summary>The hosts that callbacks may go to.</summary>
    public IReadOnlySet<string> CallbackHosts { get; init; } = FrozenSet<string>.Empty;

    /// <summary>Signs callbacks in the way of 0.1.0: the text of the secret. null where there are none.</summary>
    public byte[]? CallbackKey { get; init; }

    /// <summary>Signs callbacks in the way of Standard Webhooks: what the secret says in base64 after <c>whsec_</c>, otherwise its text.</summary>
    public byte[]? WebhookKey { get; init; }

    /// <summary>The one value of <c>Access-Control-Allow-Origin</c>: the origin of pages that may upload.</summary>
    public string CorsOrigin { get; init; } = "*";

    /// <summary>A source that is fit for it becomes its own largest rendition without being encoded.</summary>
    public bool CopySource { get; init; } = true;

    /// <summary>The folders and files with this container's secrets, which no program that reads a stranger's file may see.</summary>
    public IReadOnlyList<string> SecretPaths { get; init; } = [];

    /// <summary>The presets that may be chosen.</summary>
    public static IReadOnlyList<string> X264Presets { get; } = ["veryfast", "ultrafast", "superfast", "faster", "fast", "medium", "slow"];

    /// <summary>libx264's preset: how much time is spent on how few bytes.</summary>
    public string X264Preset { get; init; } = "veryfast";

    /// <summary>How many chunks of a video other replicas encode at the same time; 0: this one does it all.</summary>
    public int ChunkCalls { get; init; }

    /// <summary>How long another replica may take for a chunk: less than the gateway waits, and what is behind it.</summary>
    public TimeSpan ChunkTimeout { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>The gateway through which other replicas are called.</summary>
    public Uri FunctionGateway { get; init; } = new("http://gateway.openfaas:8080");

    /// <summary>Signs the calls from replica to replica; null where there are none.</summary>
    public byte[]? WorkerKey { get; init; }

    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Not thrown here: faults are noted in <paramref name="settings"/>.</exception>
    public static IngestOptions Read(Reelseal.Settings settings) => Read(settings, MemoryBudget.ContainerBytes());

    /// <param name="settings">Where the values come from.</param>
    /// <param name="containerBytes">The memory that this process and its ffmpegs have together.</param>
    internal static IngestOptions Read(Reelseal.Settings settings, long containerBytes)
    {
        var options = new IngestOptions();
        var transcodes = (int)settings.Number("MAX_TRANSCODES", options.MaxTranscodes, max: 1000);
        var ladder = ReadLadder(settings);
        var callbackKey = ReadCallbackKey(settings);
        var chunkCalls = (int)settings.Number("CHUNK_CALLS", options.ChunkCalls, min: 0, max: 1000);
        return options with
        {
            MaxUploadBytes = settings.Number("MAX_UPLOAD_BYTES", options.MaxUploadBytes),
            UploadIdleTimeout = settings.Duration("UPLOAD_IDLE_TIMEOUT", options.UploadIdleTimeout),
            MaxTranscodes = transcodes,
            Ladder = ladder,
            Downloads = ReadDownloads(settings, ladder),
            SegmentFormat = settings.Choice("SEGMENT_FORMAT", ("ts", SegmentFormat.MpegTs), ("fmp4", SegmentFormat.FragmentedMp4)),
            WorkDirectory = ReadDirectory(settings, options.WorkDirectory),
            HeartbeatInterval = settings.Duration("HEARTBEAT_INTERVAL", options.HeartbeatInterval),
            ReplacedAttemptLifetime = settings.Duration("REPLACED_ATTEMPT_LIFETIME", options.ReplacedAttemptLifetime),
            StoreTimeout = ObjectStoreServices.ReadTimeout(settings),
            MaxDuration = settings.Duration("MAX_DURATION", options.MaxDuration),
            MaxPixels = settings.Number("MAX_PIXELS", options.MaxPixels),
            MaxStreams = (int)settings.Number("MAX_STREAMS", options.MaxStreams, max: 10_000),
            MaxTranscodeTime = settings.Duration("MAX_TRANSCODE_TIME", options.MaxTranscodeTime),
            FfmpegMemoryBytes = ReadFfmpegMemory(settings, containerBytes, transcodes),
            MaxUnpublishedBytes = settings.Number("MAX_UNPUBLISHED_BYTES", options.MaxUnpublishedBytes),
            CallbackHosts = (settings.Text("CALLBACK_HOSTS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .ToFrozenSet(StringComparer.OrdinalIgnoreCase),
            CallbackKey = callbackKey is null ? null : Encoding.UTF8.GetBytes(callbackKey),
            WebhookKey = callbackKey is null ? null : WebhookKeyOf(settings, callbackKey),
            CorsOrigin = settings.Text("CORS_ORIGIN", options.CorsOrigin),
            SecretPaths =
            [
                // OpenFaaS's, Kubernetes' and Compose's own folders, and what the AWS SDK reads by variables of its own.
                settings.SecretsDirectory, "/var/run/secrets", "/run/secrets",
                .. ((string[])["AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"]).Select(Environment.GetEnvironmentVariable).OfType<string>(),
            ],
            CopySource = settings.Flag("COPY_SOURCE", options.CopySource),
            ChunkCalls = chunkCalls,
            ChunkTimeout = settings.Duration("CHUNK_TIMEOUT", options.ChunkTimeout, max: TimeSpan.FromHours(1)),
            FunctionGateway = settings.Address("FUNCTION_GATEWAY", options.FunctionGateway.OriginalString) ?? options.FunctionGateway,
            WorkerKey = ReadWorkerKey(settings, isRequired: chunkCalls > 0),
            X264Preset = settings.Choice("X264_PRESET", [.. X264Presets.Select(preset => (preset, preset))]),
        };
    }

    /// <summary>The ladder of the JSON file that <c>LADDER_FILE</c> names, or the default one.</summary>
    internal static Ladder ReadLadder(Reelseal.Settings settings)
    {
        if (settings.Text("LADDER_FILE") is not { } path)
            return Ladder.Default;
        try
        {
            var ladder = JsonSerializer.Deserialize(File.ReadAllBytes(path), LadderJson.Default.Ladder);
            return ladder?.FindFault() is { } fault ? settings.AddError($"LADDER_FILE: {fault}", Ladder.Default) : ladder ?? Ladder.Default;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return settings.AddError($"LADDER_FILE is \"{path}\", which cannot be read as a ladder: {e.Message}", Ladder.Default);
        }
    }

    private static string[] ReadDownloads(Reelseal.Settings settings, Ladder ladder)
    {
        var names = (settings.Text("DOWNLOADS") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var known = ladder.Rungs.Select(rung => rung.Name).ToList();
        foreach (var unknown in names.Except(known, StringComparer.Ordinal))
            settings.AddError($"DOWNLOADS names {unknown}, which is not one of the ladder's qualities: {string.Join(", ", known)}.");
        return names;
    }

    private static long ReadFfmpegMemory(Reelseal.Settings settings, long containerBytes, int transcodes)
    {
        var share = MemoryBudget.ForEachFfmpeg(containerBytes, transcodes);
        var memory = settings.Text("FFMPEG_MEMORY_BYTES") is null ? share : settings.Number("FFMPEG_MEMORY_BYTES", share);
        if (memory > share)
        {
            return settings.AddError(
                $"FFMPEG_MEMORY_BYTES is {memory} and MAX_TRANSCODES {transcodes}, but the container has {containerBytes} bytes of memory, "
                + $"of which {MemoryBudget.OwnBytes} are kept for the function itself: that leaves {share} for each ffmpeg. "
                + "Lower one of the two, or give the container more.", share);
        }
        return memory >= MemoryBudget.MinForFfmpeg ? memory : settings.AddError(
            $"Each ffmpeg would have {memory} bytes of memory, less than the {MemoryBudget.MinForFfmpeg} that it needs: "
            + $"the container has {containerBytes}, MAX_TRANSCODES is {transcodes}"
            + (settings.Text("FFMPEG_MEMORY_BYTES") is null ? "." : $", FFMPEG_MEMORY_BYTES {memory}."), memory);
    }

    /// <summary>The key in a secret of Standard Webhooks 1.0: <c>whsec_</c> and 24 to 64 bytes in base64; any other text is the key itself.</summary>
    private static byte[] WebhookKeyOf(Reelseal.Settings settings, string secret)
    {
        const string prefix = "whsec_";
        if (!secret.StartsWith(prefix, StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(secret);
        var key = new byte[secret.Length];
        return Convert.TryFromBase64String(secret[prefix.Length..], key, out var length) && length is >= 24 and <= 64
            ? key[..length]
            : settings.AddError("The secret reelseal-callback-key begins with whsec_, but no 24 to 64 bytes in base64 follow.", key);
    }

    private static string? ReadCallbackKey(Reelseal.Settings settings)
    {
        var key = settings.Secret("reelseal-callback-key");
        if (key is null && settings.Text("CALLBACK_HOSTS") is not null)
            settings.AddError("CALLBACK_HOSTS is set, but the secret reelseal-callback-key, which signs callbacks, is missing.");
        if (key is { Length: < 32 })
            settings.AddError("The secret reelseal-callback-key is shorter than 32 characters.");
        return key;
    }

    private static byte[]? ReadWorkerKey(Reelseal.Settings settings, bool isRequired)
    {
        var key = settings.Secret("reelseal-worker-key");
        if (key is null && isRequired)
            settings.AddError("CHUNK_CALLS is set, but the secret reelseal-worker-key, which signs calls to other replicas, is missing.");
        if (key is { Length: < 32 })
            settings.AddError("The secret reelseal-worker-key is shorter than 32 characters.");
        return key is null ? null : Encoding.UTF8.GetBytes(key);
    }

    private static string ReadDirectory(Reelseal.Settings settings, string fallback)
    {
        var directory = settings.Text("WORK_DIRECTORY") ?? fallback;
        return Directory.Exists(directory) ? directory : settings.AddError($"WORK_DIRECTORY is \"{directory}\", which is not a folder.", fallback);
    }
}
