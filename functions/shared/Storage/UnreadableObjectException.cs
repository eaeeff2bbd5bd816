namespace Reelseal.Storage;

/// <summary>An object of ours in the store is damaged, or was written by something else. Asking again does not help.</summary>
/// <param name="message">One sentence for the caller; it names no key, secret, token or signature.</param>
/// <param name="inner">What is wrong with it; for the log.</param>
public sealed class UnreadableObjectException(string message, Exception? inner = null) : UpstreamException(message, timedOut: false, inner);
