namespace IngestVideo;

/// <summary>A refused video or request. It becomes problem details (RFC 9457) and the status document's <c>error</c>.</summary>
/// <param name="statusCode">The HTTP status: a 4xx, or 507.</param>
/// <param name="message">One sentence for the sender; it names no path of this machine.</param>
/// <param name="inner">What was found; for the log.</param>
public sealed class IngestRefusedException(int statusCode, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// How many seconds a caller should wait before it repeats a request that came at a bad moment (409, 429, 507), as <c>Retry-After</c> has it.
    /// </summary>
    public const string RetryAfter = "10";

    public int StatusCode => statusCode;

    /// <summary>A limit of time or memory was reached. It says nothing about the source: elsewhere, or with higher limits, the video may succeed.</summary>
    public bool IsLimit { get; private init; }

    /// <summary>400: the request is malformed.</summary>
    public static IngestRefusedException Malformed(string message) => new(StatusCodes.Status400BadRequest, message);

    /// <summary>413: more bytes than <c>MAX_UPLOAD_BYTES</c>.</summary>
    public static IngestRefusedException TooLarge(long most) =>
        new(StatusCodes.Status413PayloadTooLarge, $"The video is larger than the {most:N0} bytes that are accepted here.");

    /// <summary>507: the work directory is full; the video itself may be fine.</summary>
    public static IngestRefusedException NoRoom(Exception? inner = null) =>
        new(StatusCodes.Status507InsufficientStorage, "There is no room on this machine's disk for the video at present. Try again later.", inner);

    /// <summary>429: every place for such work is taken.</summary>
    public static IngestRefusedException Busy() =>
        new(StatusCodes.Status429TooManyRequests, "This machine is doing as much of this at once as it can. Try again soon.");

    /// <summary>415: the container is not accepted.</summary>
    public static IngestRefusedException NotAVideo(string message) => new(StatusCodes.Status415UnsupportedMediaType, message);

    /// <summary>422: the video takes more time or memory than it may have here.</summary>
    public static IngestRefusedException BeyondLimits(string message) => new(StatusCodes.Status422UnprocessableEntity, message) { IsLimit = true };

    /// <summary>422: the container is accepted, but the video cannot be decoded.</summary>
    public static IngestRefusedException Undecodable(string message, Exception? inner = null) => new(StatusCodes.Status422UnprocessableEntity, message, inner);
}
