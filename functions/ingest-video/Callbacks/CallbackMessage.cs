using System.Text.Json;
using System.Text.Json.Serialization;
using IngestVideo.Status;

namespace IngestVideo.Callbacks;

/// <summary>A callback on its way: what the object <see cref="Reelseal.ObjectKeys.Callback"/> holds until it is delivered or given up.</summary>
/// <param name="Id">The <c>webhook-id</c>: the same for each attempt, and for the same event of the same attempt at a video.</param>
/// <param name="Video">The video's id.</param>
/// <param name="Address">Where to POST it.</param>
/// <param name="Body">The body, the same each time.</param>
/// <param name="Attempts">How often it was sent, or was about to be.</param>
internal sealed record CallbackMessage(string Id, string Video, Uri Address, string Body, int Attempts)
{
    /// <summary>Makes the message of an event.</summary>
    /// <param name="address">Where to POST it.</param>
    /// <param name="happened">What it reports.</param>
    /// <param name="status">The status of the video at that time.</param>
    public static CallbackMessage Of(Uri address, VideoEvent happened, VideoStatus status)
    {
        var name = happened switch
        {
            VideoEvent.Playable => "playable",
            VideoEvent.Ready => "ready",
            _ => "failed",
        };
        var document = JsonSerializer.SerializeToNode(status, StatusJson.Default.VideoStatus)!.AsObject();
        document.Insert(0, "event", "video." + name);
        return new($"{status.Id}.{status.Attempt}.{name}", status.Id, address, document.ToJsonString(), Attempts: 0);
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(CallbackMessage))]
internal sealed partial class CallbackJson : JsonSerializerContext;
