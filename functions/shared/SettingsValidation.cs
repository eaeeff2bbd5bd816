using Microsoft.Extensions.Options;

namespace Reelseal;

/// <summary>Ends a function's start when its settings cannot be used.</summary>
public static class SettingsValidation
{
    /// <exception cref="OptionsValidationException">Settings are missing or malformed; the exception names all of them.</exception>
    public static void ThrowIfInvalid(this Settings settings)
    {
        if (settings.Errors.Count > 0)
            throw new OptionsValidationException(nameof(Settings), typeof(Settings), settings.Errors);
    }
}
