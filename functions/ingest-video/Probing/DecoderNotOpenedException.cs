namespace IngestVideo.Probing;

/// <summary>The decoder of a stream does not open, and ffprobe says nothing of the others either.</summary>
/// <param name="stream">The index of the stream.</param>
/// <param name="reason">What the decoder said.</param>
/// <param name="refusal">What to answer where nothing helps.</param>
public sealed class DecoderNotOpenedException(int stream, string reason, IngestRefusedException refusal) : Exception(refusal.Message, refusal)
{
    public int Stream => stream;

    public string Reason => reason;

    public IngestRefusedException Refusal => refusal;
}
